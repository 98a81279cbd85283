import type { AuthenticatedFrame, ErrorFrame } from '@statewire/protocol';

import type { ClientParts } from './client-parts.js';
import { LONGEST_DELAY, type Timer } from '../core/environment.js';
import type { SocketLink } from './socket-link.js';

/** A new token is presented so many ms before the old one expires, or after 80 % of its time if that is later. */
const EARLY = 30_000;
const MOST_OF_IT = 0.8;

/** What the server was asked to put in force, and did not answer yet. */
interface Presented {
  readonly link: SocketLink;
  readonly ref: string;
  readonly token: string;
  /** Whether `reauthenticate()` asked for it, and not the clock. */
  readonly wasAsked: boolean;
}

/** Keeps the credentials of the current socket valid, in place where the identity stays the same. */
export class CredentialKeeper {
  private timer: Timer | undefined;
  /** Where `reauthenticate()` asked, not the clock: the answer may show another identity. */
  private asked: SocketLink | undefined;
  /** In the order in which they were presented. */
  private unanswered: readonly Presented[] = [];

  constructor(
    private readonly parts: ClientParts,
    /** Somebody else may be logged in: a new connection is needed. */
    private readonly onIdentityChanged: () => void,
  ) {}

  /** Presents a new token in time, where the server told when the one in force expires. */
  watch(link: SocketLink, expiresAt: number | undefined): void {
    this.stop();
    if (expiresAt === undefined || link.welcome === undefined) return;
    const { environment, tokens } = this.parts;
    // The server's clock counts: the client's own may be wrong by hours.
    const serverNow = link.welcome.serverTime + environment.monotonic() - link.welcomedAt;
    const left = expiresAt - serverNow;
    const delay = Math.max(left - EARLY, left * MOST_OF_IT);
    if (delay > LONGEST_DELAY) {
      this.timer = environment.setTimer(() => this.watch(link, expiresAt), LONGEST_DELAY);
      return;
    }
    this.timer = environment.setTimer(() => {
      tokens.expire();
      void this.present(link, false).catch(ignore);
    }, delay);
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** The application says that its credentials changed. */
  reauthenticate(link: SocketLink | undefined): void {
    // Without a token on both sides the server cannot compare identities on a connection that is open already.
    if (link?.token === undefined || !link.isHealthy) return this.onIdentityChanged();
    this.asked = link;
    const interrupted = () => this.interrupted(link);
    this.present(link, true).then((isPresented) => {
      if (!isPresented) interrupted();
    }, interrupted);
  }

  /** The connection that was to tell whether the new credentials are the same person's cannot tell any more. */
  interrupted(link: SocketLink): void {
    if (this.asked === link) this.onIdentityChanged();
  }

  /** A new connection is about to be made. @returns whether an older one was to tell and did not yet. */
  wasInterrupted(): boolean {
    const { asked } = this;
    this.asked = undefined;
    return asked !== undefined;
  }

  /**
   * `authenticated`, or the error in its place: the old credentials stay in force then, until they expire. Without the
   * `ref` of what was presented it answers nothing: the credentials in force expire at another time, as after a revocation.
   */
  answered(link: SocketLink, result: AuthenticatedFrame | ErrorFrame): void {
    const answered = this.unanswered.find((presented) => presented.link === link && presented.ref === result.ref);
    if (answered === undefined) {
      if (result.type === 'authenticated') this.watch(link, result.expiresAt);
      return;
    }
    this.unanswered = this.unanswered.filter((presented) => presented !== answered);
    const { wasAsked, token } = answered;
    const isLast = !this.unanswered.some((presented) => presented.wasAsked);
    if (wasAsked && isLast) this.asked = undefined;
    if (result.type === 'authenticated') {
      this.parts.tokens.accepted(token);
      this.watch(link, result.expiresAt);
      if (wasAsked) this.parts.registry.recover();
    } else if (wasAsked && result.code !== 'unauthorized') {
      this.onIdentityChanged();
    } else if (wasAsked && isLast && !this.parts.tokens.refused(token)) {
      // It may have expired on its way. What was in force still is, and has rights that the new ones may not have.
      this.reauthenticate(link);
    }
  }

  private async present(link: SocketLink, wasAsked: boolean): Promise<boolean> {
    const token = await this.parts.tokens.get('connect');
    if (token === undefined || !link.isHealthy) return false;
    link.token = token;
    if (wasAsked) this.asked = link;
    const ref = link.session.authenticate(token);
    // Those of former sockets will not be answered any more.
    const ofThisSocket = this.unanswered.filter((presented) => presented.link === link);
    this.unanswered = [...ofThisSocket, { link, ref, token, wasAsked }];
    return true;
  }
}

/** The server closes with 4202 when the old token expires, and a new one is asked for then. */
function ignore(): void {}

import type { PublicOf } from '../core/public-of.js';
import type { HelloFrame } from '@statewire/protocol';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import type { CallerContext, Identity } from '../core/realtime-request.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import type { Environment } from '../core/environment.js';
import { RealtimeError } from '../core/errors.js';
import type { UpgradeContext } from './upgrade-context.js';
import type { Revocations } from '../admission/revocations.js';
import { verificationTooLongError, revokedError } from '../admission/revocations.js';

interface Verifiers {
  readonly admission: Admission;
  readonly dispatcher: PublicOf<Dispatcher>;
  readonly revocations: Revocations;
  readonly environment: Environment;
}

/** Credentials that were verified: whose they are, and when they were presented. */
export interface Presented {
  readonly caller: CallerContext;
  readonly at: number;
}

/** The credentials of one connection: verified at `hello` and again at each `authenticate`, until they end. */
export class Credentials {
  private inForce: Presented | undefined;

  constructor(
    readonly connectionId: string,
    private readonly entrance: UpgradeContext,
    private readonly verifiers: Verifiers,
  ) {}

  /** Id of the identity; undefined for anonymous callers and before credentials were verified. */
  get user(): string | undefined {
    return this.identity?.id;
  }

  /** The caller of an open connection. */
  get caller(): CallerContext {
    if (this.inForce === undefined) throw new Error('Nobody has said hello.');
    return this.inForce.caller;
  }

  /** When they end, in milliseconds since the Unix epoch: by themselves, or because they are taken back. */
  get expiresAt(): number | undefined {
    const { environment } = this.verifiers;
    const expiresAt = this.identity?.expiresAt;
    const { revokedAt } = this;
    if (revokedAt === undefined) return expiresAt;
    const taken = Math.round(environment.now() + revokedAt - environment.monotonic());
    return Math.min(expiresAt ?? taken, taken);
  }

  /** Why the connection has to go; undefined while it may stay. */
  get ended(): 'revoked' | 'expired' | undefined {
    const { environment } = this.verifiers;
    const { revokedAt } = this;
    if (revokedAt !== undefined && revokedAt <= environment.monotonic()) return 'revoked';
    const expiresAt = this.identity?.expiresAt;
    return expiresAt !== undefined && expiresAt <= environment.now() ? 'expired' : undefined;
  }

  /** @throws RealtimeError where the credentials or the connection guards refuse. */
  async greet(hello: HelloFrame): Promise<void> {
    const { received, admitted, identity, presentedAt } = this.entrance;
    const settled = hello.token === undefined && admitted;
    const at = settled ? presentedAt : this.verifiers.revocations.mark;
    const verified = settled ? identity : await this.verifiers.admission.identify(received, hello.token);
    const token = hello.token ?? received.bearer ?? received.cookieToken;
    const caller = this.callerOf(hello.clientId, verified, token);
    if (!settled) {
      await this.verifiers.dispatcher.admit(caller);
      this.refuseForgotten(at);
    }
    this.inForce = { caller, at };
    if (this.ended === 'revoked') throw revokedError();
  }

  /**
   * Verifies a new token, and changes nothing yet. It alone counts: those the connection came with may have expired.
   *
   * @throws RealtimeError where the token or the connection guards refuse, or the identity is another one.
   */
  async verify(token: string): Promise<Presented> {
    const { admission, dispatcher, revocations } = this.verifiers;
    const at = revocations.mark;
    const received = { ...this.entrance.received, bearer: undefined, cookieToken: undefined };
    const identity = await admission.identify(received, token);
    if (identity?.id !== this.user) {
      throw new RealtimeError('forbidden', 'The identity of a connection cannot change: open a new one.');
    }
    const caller = this.callerOf(this.caller.clientId, identity, token);
    await dispatcher.admit(caller);
    return { caller, at };
  }

  /**
   * Puts verified ones in force.
   *
   * @throws RealtimeError where it took so long to verify them that nobody can tell whether they were revoked meanwhile.
   */
  renew(presented: Presented): void {
    this.refuseForgotten(presented.at);
    this.inForce = presented;
  }

  private get identity(): Identity | undefined {
    return this.inForce === undefined ? this.entrance.identity : this.inForce.caller.identity;
  }

  private get revokedAt(): number | undefined {
    const presented = this.inForce?.at ?? this.entrance.presentedAt;
    return this.verifiers.revocations.deadline({ connection: this.connectionId, user: this.user, presented });
  }

  private refuseForgotten(at: number): void {
    if (!this.verifiers.revocations.reachesBackTo(at)) throw verificationTooLongError();
  }

  private callerOf(clientId: string, identity: Identity | undefined, token: string | undefined): CallerContext {
    const { headers, cookies, ip } = this.entrance.received;
    return {
      headers: withBearerToken(headers, token),
      cookies,
      ip,
      admission: 'hello',
      connectionId: this.connectionId,
      clientId,
      identity,
    };
  }
}

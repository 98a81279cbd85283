import type { AuthenticatedFrame, ErrorFrame } from '@statewire/protocol';

import { MAX_TIMER_DELAY_MS, type Timer } from '../core/environment.js';
import type { Emit, IdentityChangedEvent } from '../session/client-event.js';
import type { ClientServices } from './client-services.js';
import type { WebSocketConnection } from './web-socket-connection.js';

/**
 * The client presents a new token this long before the old one expires, or after 80 % of its lifetime if that is later.
 */
const RENEW_BEFORE_MS = 30_000;
const RENEW_AFTER_FRACTION = 0.8;

/** An `authenticate` that the server has not answered yet. */
interface PendingAuthenticate {
  readonly connection: WebSocketConnection;
  readonly ref: string;
  readonly token: string;
  /** Whether the application called `reauthenticate()`. Otherwise the old token was about to expire. */
  readonly isReauthentication: boolean;
}

/** Presents new tokens on the current connection, and reports when the identity may have changed. */
export class TokenRefresher {
  readonly #services: ClientServices;
  readonly #emit: Emit<IdentityChangedEvent>;

  #timer: Timer | undefined;
  /** The connection on which `reauthenticate()` presents a token. The answer may show another identity. */
  #reauthenticating: WebSocketConnection | undefined;
  /** In the order in which the client presented the tokens. */
  #unanswered: readonly PendingAuthenticate[] = [];

  constructor(services: ClientServices, emit: Emit<IdentityChangedEvent>) {
    this.#services = services;
    this.#emit = emit;
  }

  /** Presents a new token before `expiresAt`, a time of the server's clock. Undefined: the token does not expire. */
  schedule(connection: WebSocketConnection, expiresAt: number | undefined): void {
    this.stop();
    if (expiresAt === undefined || connection.welcome === undefined) return;
    const { environment, tokens } = this.#services;
    // `expiresAt` is a time of the server's clock. The client's clock may be wrong by hours.
    const serverNow = connection.welcome.serverTime + environment.monotonic() - connection.welcomedAt;
    const left = expiresAt - serverNow;
    const delay = Math.max(left - RENEW_BEFORE_MS, left * RENEW_AFTER_FRACTION);
    if (delay > MAX_TIMER_DELAY_MS) {
      this.#timer = environment.setTimer(() => this.schedule(connection, expiresAt), MAX_TIMER_DELAY_MS);
      return;
    }
    this.#timer = environment.setTimer(() => {
      tokens.markExpired();
      void this.#present(connection, false).catch(ignore);
    }, delay);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Presents a new token after the application reported changed credentials. */
  reauthenticate(connection: WebSocketConnection | undefined): void {
    // Without two tokens the server cannot compare the identities, so the client needs a new connection.
    if (connection?.token === undefined || !connection.isHealthy) return this.#emit({ type: 'identity-changed' });
    this.#reauthenticating = connection;
    const handleInterruption = () => this.handleInterruption(connection);
    this.#present(connection, true).then((isPresented) => {
      if (!isPresented) handleInterruption();
    }, handleInterruption);
  }

  /** Treats the identity as changed if the answer to `reauthenticate()` can no longer arrive on the connection. */
  handleInterruption(connection: WebSocketConnection): void {
    if (this.#reauthenticating === connection) this.#emit({ type: 'identity-changed' });
  }

  /** Forgets an unanswered `reauthenticate()`. @returns whether there was one. */
  abandonReauthentication(): boolean {
    const reauthenticating = this.#reauthenticating;
    this.#reauthenticating = undefined;
    return reauthenticating !== undefined;
  }

  /**
   * Handles `authenticated`, or the error in its place, after which the old credentials stay in force until they
   * expire. An answer without the `ref` of a request reports a new expiry, after a revocation for example.
   */
  handleAnswer(connection: WebSocketConnection, answer: AuthenticatedFrame | ErrorFrame): void {
    const answered = this.#unanswered.find(
      (pending) => pending.connection === connection && pending.ref === answer.ref,
    );
    if (answered === undefined) {
      if (answer.type === 'authenticated') this.schedule(connection, answer.expiresAt);
      return;
    }
    this.#unanswered = this.#unanswered.filter((pending) => pending !== answered);
    const { isReauthentication, token } = answered;
    const isLast = !this.#unanswered.some((pending) => pending.isReauthentication);
    if (isReauthentication && isLast) this.#reauthenticating = undefined;
    if (answer.type === 'authenticated') {
      this.#services.tokens.markAccepted(token);
      this.schedule(connection, answer.expiresAt);
      if (isReauthentication) this.#services.registry.retryFailed();
    } else if (isReauthentication && answer.code !== 'unauthorized') {
      this.#emit({ type: 'identity-changed' });
    } else if (isReauthentication && isLast && !this.#services.tokens.markRejected(token)) {
      // The token may have expired in transit. The old credentials stay in force, possibly with more rights.
      this.reauthenticate(connection);
    }
  }

  async #present(connection: WebSocketConnection, isReauthentication: boolean): Promise<boolean> {
    const token = await this.#services.tokens.get('connect');
    if (token === undefined || !connection.isHealthy) return false;
    connection.token = token;
    if (isReauthentication) this.#reauthenticating = connection;
    const ref = connection.session.authenticate(token);
    // The server no longer answers the requests of earlier connections.
    const ofThisConnection = this.#unanswered.filter((pending) => pending.connection === connection);
    this.#unanswered = [...ofThisConnection, { connection, ref, token, isReauthentication }];
    return true;
  }
}

/** Without a new token in time, the server closes with 4202, and the client then requests a new token. */
function ignore(): void {}

import { ConnectionFailure, messageOf } from '../core/connection-failure.js';
import type { ClientEnvironment } from '../core/environment.js';
import type { RealtimeClientOptions } from '../core/options.js';

type Token = string | undefined;

const TOKEN_TIMEOUT_MS = 10_000;
/** Delay after the first failure of the application's function. Each further failure doubles it. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Gets tokens from the application. It tracks the expiry and the renewal of the last token. */
export class TokenProvider {
  readonly #token: RealtimeClientOptions['token'];
  readonly #environment: Pick<ClientEnvironment, 'monotonic' | 'setTimer'>;

  /** The last failure of the application's function, until the function returns a token. */
  failure: ConnectionFailure | undefined;

  #isExpired = false;
  /** The call whose result serves every transport: a renewal, or a retry after a failure. */
  #shared: Promise<Token> | undefined;
  /** The token that replaced an expired one, until the server accepts it. */
  #renewed: { readonly token: Token } | undefined;
  #retryDelay = FIRST_RETRY_MS;
  /** On the monotonic clock. */
  #retryAt = 0;
  /** Number of times that the application reported new credentials. Earlier calls no longer count. */
  #generation = 0;

  constructor(token: RealtimeClientOptions['token'], environment: Pick<ClientEnvironment, 'monotonic' | 'setTimer'>) {
    this.#token = token;
    this.#environment = environment;
  }

  /** Records that the current token expires, so that the next one must be new. */
  markExpired(): void {
    this.#isExpired = true;
  }

  /** Records that the server rejected a token. @returns whether it was a renewed one, so that a retry is useless. */
  markRejected(token: Token): boolean {
    this.#isExpired = true;
    return this.#renewed !== undefined && this.#renewed.token === token;
  }

  /** Records that the server accepted a token. */
  markAccepted(token: Token): void {
    if (this.#renewed?.token === token) this.#renewed = undefined;
  }

  /** Forgets the last failure, because the user may have signed in. */
  forgetFailure(): void {
    this.#generation += 1;
    this.#shared = undefined;
    this.failure = undefined;
    this.#retryDelay = FIRST_RETRY_MS;
  }

  /** Allows the next call at once, because the user or the network is back. */
  retryNow(): void {
    this.#retryAt = 0;
  }

  /**
   * Returns the token to present. The result is synchronous if the result of the application is.
   *
   * @throws ConnectionFailure `signed-out` if the application's function throws or rejects, returns neither a token
   * nor undefined, or does not settle within 10 s. For 1 s, then 2, 4 … 60 s, it throws the last failure again.
   */
  get(reason: 'connect' | 'poll'): Token | Promise<Token> {
    if (this.#shared) return this.#shared;
    const { failure } = this;
    const isExpired = this.#isExpired;
    if (failure && this.#environment.monotonic() < this.#retryAt) throw failure;
    const token = this.#request(isExpired ? 'expired' : reason);
    if ((!isExpired && !failure) || !(token instanceof Promise)) return token;
    const forget = () => {
      if (this.#shared === token) this.#shared = undefined;
    };
    token.then(forget, forget);
    return (this.#shared = token);
  }

  #request(reason: 'connect' | 'poll' | 'expired'): Token | Promise<Token> {
    const generation = this.#generation;
    const accept = (token: unknown) => this.#accept(token, reason === 'expired', generation);
    const fail = (error: unknown) => this.#fail(error, generation);
    try {
      const token: unknown = this.#token?.(reason);
      return isThenable(token)
        ? this.#withTimeout(token)
            .then(accept)
            .catch((error: unknown) => Promise.reject(fail(error)))
        : accept(token);
    } catch (error) {
      throw fail(error);
    }
  }

  /** Records the success of a call. A failed renewal does not get here, so the client requests a new token again. */
  #accept(token: unknown, isRenewal: boolean, generation: number): Token {
    if (token !== undefined && (typeof token !== 'string' || token === '')) {
      throw new TypeError(
        `The option \`token\` must return a token or undefined, got ${token ? typeof token : JSON.stringify(token)}.`,
      );
    }
    // A token from before the expiry tells nothing about the renewal, which may be under way.
    if (generation !== this.#generation || isRenewal !== this.#isExpired) return token;
    this.forgetFailure();
    if (isRenewal) {
      this.#isExpired = false;
      this.#renewed = { token };
    }
    return token;
  }

  #fail(error: unknown, generation: number): ConnectionFailure {
    const failure = new ConnectionFailure({ code: 'signed-out', message: messageOf(error) }, 'server');
    if (generation !== this.#generation) return failure;
    this.#retryAt = this.#environment.monotonic() + this.#retryDelay;
    this.#retryDelay = Math.min(MAX_RETRY_MS, 2 * this.#retryDelay);
    return (this.failure = failure);
  }

  #withTimeout(token: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = this.#environment.setTimer(
        () =>
          reject(
            new Error(
              `The promise of the option \`token\` did not settle within ${TOKEN_TIMEOUT_MS} ms. The client tries again.`,
            ),
          ),
        TOKEN_TIMEOUT_MS,
      );
      const cancel = () => timer.cancel();
      token.then(resolve, reject).then(cancel, cancel);
    });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

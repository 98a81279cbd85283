import type { ClientEnvironment } from '../core/environment.js';
import type { RealtimeClientOptions } from '../core/options.js';

type Token = string | undefined;

const TOKEN_TIMEOUT_MS = 10_000;

/** Gets tokens from the application. It tracks the expiry and the renewal of the last token. */
export class TokenProvider {
  private isExpired = false;
  private renewal: Promise<Token> | undefined;
  /** The token that replaced an expired one, until the server accepts it. */
  private renewed: { readonly token: Token } | undefined;

  constructor(
    private readonly token: RealtimeClientOptions['token'],
    private readonly environment: Pick<ClientEnvironment, 'setTimer'>,
  ) {}

  /** Records that the current token expires, so that the next one must be new. */
  markExpired(): void {
    this.isExpired = true;
  }

  /** Records that the server rejected a token. @returns whether it was a renewed one, so that a retry is useless. */
  markRejected(token: Token): boolean {
    this.isExpired = true;
    return this.renewed !== undefined && this.renewed.token === token;
  }

  /** Records that the server accepted a token. */
  markAccepted(token: Token): void {
    if (this.renewed?.token === token) this.renewed = undefined;
  }

  /**
   * Returns the token to present. The result is synchronous if the result of the application is.
   *
   * @throws the error of the application's function, and an Error if its promise does not settle within 10 s.
   */
  get(reason: 'connect' | 'poll'): Token | Promise<Token> {
    if (!this.isExpired) return this.request(reason);
    if (this.renewal) return this.renewal;
    const token = this.request('expired');
    if (!(token instanceof Promise)) return this.renew(token);
    const forget = () => (this.renewal = undefined);
    this.renewal = token.then((settled) => this.renew(settled));
    this.renewal.then(forget, forget);
    return this.renewal;
  }

  /** Records a renewed token. A failed renewal does not call this, so the client requests a new token again. */
  private renew(token: Token): Token {
    this.isExpired = false;
    this.renewed = { token };
    return token;
  }

  private request(reason: 'connect' | 'poll' | 'expired'): Token | Promise<Token> {
    const token = this.token?.(reason);
    return token === undefined || typeof token === 'string' ? token : this.withTimeout(token);
  }

  private withTimeout(token: Promise<Token>): Promise<Token> {
    return new Promise((resolve, reject) => {
      const timer = this.environment.setTimer(
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

import type { ClientEnvironment } from '../core/environment.js';
import type { RealtimeClientOptions } from '../core/options.js';

type Token = string | undefined;

const TOKEN_TIMEOUT_MS = 10_000;

/** Gets tokens from the application. It remembers whether the last one expired, and whether a new one helped. */
export class TokenProvider {
  private isExpired = false;
  private renewal: Promise<Token> | undefined;
  /** The token that replaced an expired one, until the server accepts it. */
  private renewed: { readonly token: Token } | undefined;

  constructor(
    private readonly token: RealtimeClientOptions['token'],
    private readonly environment: Pick<ClientEnvironment, 'setTimer'>,
  ) {}

  /** Notes that the current token expires, so that the next one must be new. */
  markExpired(): void {
    this.isExpired = true;
  }

  /** Notes that the server rejected a token. @returns whether it was a renewed one, so that another would not help. */
  markRejected(token: Token): boolean {
    this.isExpired = true;
    return this.renewed !== undefined && this.renewed.token === token;
  }

  /** Notes that the server accepted a token. */
  markAccepted(token: Token): void {
    if (this.renewed?.token === token) this.renewed = undefined;
  }

  /**
   * Returns the token to present, synchronously if the application returns it so.
   *
   * @throws whatever the application's function throws, and an Error if its promise does not settle within 10 s.
   */
  get(reason: 'connect' | 'poll'): Token | Promise<Token> {
    if (!this.isExpired) return this.ask(reason);
    if (this.renewal) return this.renewal;
    const token = this.ask('expired');
    if (!(token instanceof Promise)) return this.renew(token);
    const forget = () => (this.renewal = undefined);
    this.renewal = token.then((settled) => this.renew(settled));
    this.renewal.then(forget, forget);
    return this.renewal;
  }

  /** A renewal that fails does not get here, so that the client asks for a new token again. */
  private renew(token: Token): Token {
    this.isExpired = false;
    this.renewed = { token };
    return token;
  }

  private ask(reason: 'connect' | 'poll' | 'expired'): Token | Promise<Token> {
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

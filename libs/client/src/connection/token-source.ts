import type { Environment } from '../core/environment.js';
import type { RealtimeClientOptions } from '../core/options.js';

type Token = string | undefined;

/** A promise of a token that is not kept for so many ms is given up, and the next one asked for. */
const DEADLINE = 10_000;

/** Where tokens come from, whether the last one was told to be expired, and whether a new one helped. */
export class TokenSource {
  private isExpired = false;
  private renewal: Promise<Token> | undefined;
  /** What was given for an expired token and was not accepted yet. */
  private renewed: { readonly token: Token } | undefined;

  constructor(
    private readonly token: RealtimeClientOptions['token'],
    private readonly environment: Pick<Environment, 'setTimer'>,
  ) {}

  /** The one in force is expired: the next one must be new. */
  expire(): void {
    this.isExpired = true;
  }

  /** @returns whether it had been given as a new one already, so that asking for another does not help. */
  refused(token: Token): boolean {
    this.isExpired = true;
    return this.renewed !== undefined && this.renewed.token === token;
  }

  accepted(token: Token): void {
    if (this.renewed?.token === token) this.renewed = undefined;
  }

  /**
   * Synchronous where the application's function is, so that nothing waits for nothing.
   *
   * @throws what the application's function throws, and Error where its promise is not kept within 10 s.
   */
  get(reason: 'connect' | 'poll'): Token | Promise<Token> {
    if (!this.isExpired) return this.ask(reason);
    if (this.renewal) return this.renewal;
    const answer = this.ask('expired');
    if (!(answer instanceof Promise)) return this.renew(answer);
    const forget = () => (this.renewal = undefined);
    this.renewal = answer.then((token) => this.renew(token));
    this.renewal.then(forget, forget);
    return this.renewal;
  }

  /** Only what was really given counts: a renewal that failed is asked for again. */
  private renew(token: Token): Token {
    this.isExpired = false;
    this.renewed = { token };
    return token;
  }

  private ask(reason: 'connect' | 'poll' | 'expired'): Token | Promise<Token> {
    const answer = this.token?.(reason);
    return answer === undefined || typeof answer === 'string' ? answer : this.inTime(answer);
  }

  private inTime(answer: Promise<Token>): Promise<Token> {
    return new Promise((resolve, reject) => {
      const timer = this.environment.setTimer(
        () => reject(new Error(`token() did not settle its promise within ${DEADLINE} ms.`)),
        DEADLINE,
      );
      const settle = () => timer.cancel();
      answer.then(resolve, reject).then(settle, settle);
    });
  }
}

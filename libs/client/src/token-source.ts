import type { RealtimeClientOptions } from './options.js';

type Token = string | undefined;

/** Where tokens come from, and whether the last one was told to be expired. */
export class TokenSource {
  private isExpired = false;

  constructor(private readonly token: RealtimeClientOptions['token']) {}

  /** The server said that the token is expired or wrong: the next one must be new. */
  expire(): void {
    this.isExpired = true;
  }

  /** Synchronous where the application's function is, so that nothing waits for nothing. */
  get(reason: 'connect' | 'poll'): Token | Promise<Token> {
    if (this.token === undefined) return undefined;
    const expired = this.isExpired;
    this.isExpired = false;
    return this.token(expired ? 'expired' : reason);
  }
}

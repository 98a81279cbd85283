/**
 * Lets `rate` things a second through, and bursts of `burst`.
 *
 * A rate of 0 lets everything through.
 */
export class TokenBucket {
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.filledAt = now;
  }

  /** @param now milliseconds of a clock that never goes back. */
  take(now: number): boolean {
    if (this.rate === 0) return true;
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) * this.rate) / 1_000);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Milliseconds until `take` succeeds again, right after it failed. */
  get retryAfter(): number {
    return Math.ceil(((1 - this.tokens) * 1_000) / this.rate);
  }
}

/**
 * Lets `rate` things a second through, and bursts of `burst`.
 *
 * A rate of 0 lets everything through.
 */
export class TokenBucket {
  private tokens: number;
  private filledAt: number;
  private wanted = 1;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.filledAt = now;
  }

  /**
   * Lets `count` things through, or none.
   *
   * @param now milliseconds of a clock that never goes back.
   */
  take(now: number, count = 1): boolean {
    if (this.rate === 0) return true;
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) * this.rate) / 1_000);
    this.filledAt = now;
    this.wanted = count;
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
  }

  /** Milliseconds until the same `take` succeeds, right after it failed. */
  get retryAfter(): number {
    return Math.ceil(((this.wanted - this.tokens) * 1_000) / this.rate);
  }
}

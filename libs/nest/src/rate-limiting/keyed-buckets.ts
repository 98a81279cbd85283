import { RecentlyUsed } from '../core/recently-used.js';
import { TokenBucket } from './token-bucket.js';

/** One token bucket for each key. One that nobody took from until it is full again need not be remembered. */
export class KeyedBuckets {
  private readonly buckets: RecentlyUsed<TokenBucket>;

  /** @param rate things a second; 0: everything passes. */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    most?: number,
  ) {
    this.buckets = new RecentlyUsed(rate === 0 ? 0 : (burst * 1_000) / rate, most);
  }

  sizeAt(now: number): number {
    return this.buckets.sizeAt(now);
  }

  /**
   * Lets one thing through, or not.
   *
   * @param key undefined where there is none to count by.
   * @returns undefined where it passes, else the milliseconds until one does.
   */
  refuse(key: string | undefined, now: number): number | undefined {
    if (this.rate === 0 || key === undefined) return undefined;
    const bucket = this.buckets.of(key, now, () => new TokenBucket(this.rate, this.burst, now));
    return bucket.take(now) ? undefined : bucket.retryAfter;
  }
}

import type { Environment } from '../core/environment.js';
import { KeyedStore } from '../core/keyed-store.js';
import { RealtimeError } from '../core/errors.js';

type Clock = Pick<Environment, 'monotonic'>;

/** Allows `rate` units per second, and bursts of `burst` units. A rate of 0 allows everything. */
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
   * Takes `count` tokens, or none.
   *
   * @param now milliseconds of a monotonic clock.
   * @returns whether there were enough tokens.
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

  /** Milliseconds until the last `take`, if it failed, succeeds. */
  get retryAfter(): number {
    return Math.ceil(((this.wanted - this.tokens) * 1_000) / this.rate);
  }
}

/** Limits how fast each user, address or client may do something: one token bucket per key. */
export class RateLimiter {
  /** A bucket that was idle until it is full again equals a new one. */
  private readonly buckets: KeyedStore<TokenBucket>;

  /**
   * @param limit `rate` per second. 0: no limit.
   * @param message of the error.
   */
  constructor(
    private readonly limit: { readonly rate: number; readonly burst: number },
    private readonly message: string,
    private readonly clock: Clock,
  ) {
    const { rate, burst } = limit;
    this.buckets = new KeyedStore(clock, { idleMs: rate === 0 ? 0 : (burst * 1_000) / rate });
  }

  /** Number of keys in memory, for tests: 0 if nobody used one lately. */
  get size(): number {
    return this.buckets.size;
  }

  /**
   * Counts one unit for a key.
   *
   * @param key undefined: not limited.
   * @returns undefined if the rate allows it, else the error, with `retryAfter`.
   */
  reject(key: string | undefined): RealtimeError | undefined {
    const { rate, burst } = this.limit;
    if (rate === 0 || key === undefined) return undefined;
    const now = this.clock.monotonic();
    const bucket = this.buckets.of(key, () => new TokenBucket(rate, burst, now));
    if (bucket.take(now)) return undefined;
    return new RealtimeError('too_many_requests', this.message, { retryAfter: bucket.retryAfter });
  }
}

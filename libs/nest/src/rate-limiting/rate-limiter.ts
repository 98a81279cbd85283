import type { Environment } from '../core/environment.js';
import { KeyedStore } from '../core/keyed-store.js';
import type { FrameOptions, RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';

type Clock = Pick<Environment, 'monotonic'>;

/** A bucket holds the tokens of two seconds. */
export const BURST_SECONDS = 2;

/** Milliseconds in which the rejected and the bad frames of a connection are counted. */
const WINDOW_MS = 10_000;

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

/** Counts events in a sliding window. A limit of 0 is never reached. */
export class WindowCounter {
  private times: number[] | undefined;

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {}

  /**
   * Counts one event.
   *
   * @param now milliseconds of a monotonic clock.
   * @returns whether the window holds as many events as the limit.
   */
  reachesLimit(now: number): boolean {
    if (this.limit === 0) return false;
    this.times ??= [];
    const oldest = this.times.findIndex((time) => time > now - this.windowMs);
    this.times.splice(0, oldest === -1 ? this.times.length : oldest);
    this.times.push(now);
    return this.times.length >= this.limit;
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

  /** Number of keys in memory, for tests: 0 when every bucket is full again. */
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

/**
 * Limits how fast all connections and requests of one user, and those of one address, may send frames. Off if the rate
 * of one connection is not limited.
 */
export class SharedFrameLimits {
  private readonly users: RateLimiter;
  private readonly addresses: RateLimiter;

  constructor(limits: Pick<FrameOptions, 'perSecond' | 'perSecondPerUser' | 'perSecondPerAddress'>, clock: Clock) {
    const limiterOf = (whose: string, ownRate: number): RateLimiter => {
      const rate = limits.perSecond === 0 ? 0 : ownRate;
      const message = `${whose} may send at most ${rate} frames per second.`;
      return new RateLimiter({ rate, burst: rate * BURST_SECONDS }, message, clock);
    };
    this.users = limiterOf('This user', limits.perSecondPerUser);
    this.addresses = limiterOf('This address', limits.perSecondPerAddress);
  }

  /** Number of users and addresses in memory, for tests: 0 when no frame arrives for a while. */
  get size(): number {
    return this.users.size + this.addresses.size;
  }

  /**
   * Counts a frame or a request of an address.
   *
   * @param network undefined if the address is not the address of one client: not limited.
   */
  rejectAddress(network: string | undefined): RealtimeError | undefined {
    return this.addresses.reject(network);
  }

  /**
   * Counts a frame or a request of a user.
   *
   * @param user undefined for an anonymous caller: not limited.
   */
  rejectUser(user: string | undefined): RealtimeError | undefined {
    return this.users.reject(user);
  }
}

/** The limits that decide how many new topics a caller may name per second. */
export interface TopicRateLimits {
  readonly frames: Pick<FrameOptions, 'perSecond'>;
  readonly connections: Pick<RealtimeLimits['connections'], 'subscriptions'>;
}

/**
 * Number of new topics per second that one caller may ask for; 0: any number. A new topic runs a handler and takes
 * memory, however many of them one frame names. At least `subscriptions`, so that a client can always come back to all
 * its topics.
 */
export function topicsPerSecond({ frames: { perSecond }, connections: { subscriptions } }: TopicRateLimits): number {
  return perSecond === 0 || subscriptions === 0 ? 0 : Math.max(perSecond, subscriptions);
}

/** The error for a frame above a limit. */
export interface RejectedFrame {
  readonly error: RealtimeError;
  /** Whether the limit of rejected frames is reached as well. The connection closes then. */
  readonly isTooMany: boolean;
}

/** Limits the frames of one connection: all of them, the new topics that they name, rejected ones and bad ones. */
export class ConnectionFrameLimits {
  private readonly frames: TokenBucket;
  private readonly topics: TokenBucket;
  private readonly rejected: WindowCounter;
  private readonly bad: WindowCounter;

  /** @param rejectShared counts a frame against the limits that the user and the address share. */
  constructor(
    private readonly limits: Pick<RealtimeLimits, 'connections' | 'frames'>,
    private readonly clock: Clock,
    private readonly rejectShared: () => RealtimeError | undefined,
  ) {
    const { malformed, perSecond, rejected } = limits.frames;
    const newTopics = topicsPerSecond(limits);
    const now = clock.monotonic();
    this.frames = new TokenBucket(perSecond, perSecond * BURST_SECONDS, now);
    this.topics = new TokenBucket(newTopics, newTopics * BURST_SECONDS, now);
    this.rejected = new WindowCounter(rejected, WINDOW_MS);
    this.bad = new WindowCounter(malformed, WINDOW_MS);
  }

  /** Counts a frame. @returns undefined if the rates of the connection, its user and its address allow it. */
  rejectFrame(): RejectedFrame | undefined {
    const message = `This connection may send at most ${this.limits.frames.perSecond} frames per second.`;
    return this.rejectAbove(this.frames, 1, message) ?? this.rejectPipelined();
  }

  /** Counts a frame that arrived before `hello` was settled. The rate of the connection does not apply to it. */
  rejectPipelined(): RejectedFrame | undefined {
    const error = this.rejectShared();
    return error && this.reject(error);
  }

  /** Counts topics that the connection does not follow yet. */
  rejectTopics(count: number): RejectedFrame | undefined {
    const message = `This connection may ask for at most ${topicsPerSecond(this.limits)} new topics per second.`;
    return this.rejectAbove(this.topics, count, message);
  }

  /** Counts a frame that is no frame. @returns whether the limit of bad frames is reached. */
  countBad(): boolean {
    return this.bad.reachesLimit(this.clock.monotonic());
  }

  private rejectAbove(bucket: TokenBucket, count: number, message: string): RejectedFrame | undefined {
    if (bucket.take(this.clock.monotonic(), count)) return undefined;
    return this.reject(new RealtimeError('too_many_requests', message, { retryAfter: bucket.retryAfter }));
  }

  private reject(error: RealtimeError): RejectedFrame {
    return { error, isTooMany: this.rejected.reachesLimit(this.clock.monotonic()) };
  }
}

/** Counts per user, address or client. Forgets a key whose count is 0. */
export class KeyedCounter {
  private readonly counts = new Map<string, number>();

  /** Number of keys whose count is not 0. */
  get size(): number {
    return this.counts.size;
  }

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const count = this.of(key) - 1;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
  }
}

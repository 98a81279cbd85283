import type { ClientFrame, SubscribeFrame } from '@statewire/protocol';

import type { Environment } from '../core/environment.js';
import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { RateLimiter, TokenBucket } from './rate-limiter.js';

type Clock = Pick<Environment, 'monotonic'>;

/** A bucket holds the tokens of two seconds. */
export const BURST_SECONDS = 2;

/** Milliseconds over which rejected and malformed frames are counted. */
const WINDOW_MS = 10_000;

/** A frame that a limit rejects. */
export interface RejectedFrame {
  readonly error: RealtimeError;
  /** Whether so many frames were rejected that the connection has to be closed. */
  readonly tooMany: boolean;
}

/**
 * Limits how fast all connections and requests of one user, and those of one address, may send frames. Off if the rate of
 * one connection is not limited.
 */
export class SharedFrameLimits {
  private readonly users: RateLimiter;
  private readonly addresses: RateLimiter;

  constructor(
    limits: Pick<RealtimeLimits, 'framesPerSecond' | 'framesPerSecondPerUser' | 'framesPerSecondPerAddress'>,
    clock: Clock,
  ) {
    const limiterOf = (whose: string, ownRate: number): RateLimiter => {
      const rate = limits.framesPerSecond === 0 ? 0 : ownRate;
      const message = `${whose} may send at most ${rate} frames per second.`;
      return new RateLimiter({ rate, burst: rate * BURST_SECONDS }, message, clock);
    };
    this.users = limiterOf('This user', limits.framesPerSecondPerUser);
    this.addresses = limiterOf('This address', limits.framesPerSecondPerAddress);
  }

  /** Number of users and addresses in memory, for tests: 0 if nobody sends. */
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

/** Limits what one connection may send. */
export class FrameLimits {
  private readonly frames: TokenBucket;
  private readonly topics: TokenBucket;
  private readonly rejected: WindowCounter;
  private readonly malformed: WindowCounter;

  /** @param network key of the limits by address. */
  constructor(
    private readonly limits: Pick<RealtimeLimits, 'framesPerSecond' | 'subscriptions' | 'refusedFrames' | 'badFrames'>,
    private readonly clock: Clock,
    private readonly shared: SharedFrameLimits,
    private readonly network: string | undefined,
  ) {
    const now = clock.monotonic();
    this.frames = bucketOf(limits.framesPerSecond, now);
    this.topics = bucketOf(topicsPerSecond(limits), now);
    this.rejected = new WindowCounter(limits.refusedFrames, WINDOW_MS);
    this.malformed = new WindowCounter(limits.badFrames, WINDOW_MS);
  }

  /**
   * Counts a frame by the rates of the connection, its address and its user.
   *
   * @returns undefined if they allow it.
   */
  rejectFrame(user: string | undefined): RejectedFrame | undefined {
    const message = `This connection may send at most ${this.limits.framesPerSecond} frames per second.`;
    return this.rejectAbove(this.frames, 1, message) ?? this.rejectPipelinedFrame(user);
  }

  /**
   * Counts a frame that was sent before `hello` was answered. The rate of the connection does not apply: a client that
   * comes back subscribes to all its topics at once.
   */
  rejectPipelinedFrame(user: string | undefined): RejectedFrame | undefined {
    const error = this.shared.rejectAddress(this.network) ?? this.shared.rejectUser(user);
    return error && this.reject(error);
  }

  /** Counts the topics of a frame to which the connection is not subscribed yet. */
  rejectTopics(
    { topics }: SubscribeFrame,
    subscriptions: { includes(topic: string): boolean },
  ): RejectedFrame | undefined {
    const count = topics.filter(({ topic }) => !subscriptions.includes(topic)).length;
    const message = `This connection may subscribe to at most ${topicsPerSecond(this.limits)} new topics per second.`;
    return this.rejectAbove(this.topics, count, message);
  }

  /** @returns one error for a frame with too many topics. One error per topic would be much larger than the frame. */
  rejectLongFrame(frame: ClientFrame): RealtimeError | undefined {
    const { subscriptions } = this.limits;
    if (!('topics' in frame) || subscriptions === 0 || frame.topics.length <= subscriptions) return undefined;
    return new RealtimeError('too_many_subscriptions', `A frame may name at most ${subscriptions} topics.`);
  }

  /**
   * Counts a malformed frame.
   *
   * @returns whether there were so many that the connection has to be closed.
   */
  countMalformed(): boolean {
    return this.malformed.reachesLimit(this.clock.monotonic());
  }

  private rejectAbove(bucket: TokenBucket, count: number, message: string): RejectedFrame | undefined {
    if (bucket.take(this.clock.monotonic(), count)) return undefined;
    return this.reject(new RealtimeError('too_many_requests', message, { retryAfter: bucket.retryAfter }));
  }

  private reject(error: RealtimeError): RejectedFrame {
    return { error, tooMany: this.rejected.reachesLimit(this.clock.monotonic()) };
  }
}

/**
 * Number of new topics per second that one caller may ask for; 0: any number. A new topic runs a handler and takes memory,
 * however many of them one frame names. At least `subscriptions`, so that a client can always come back to all its topics.
 */
export function topicsPerSecond({
  framesPerSecond,
  subscriptions,
}: Pick<RealtimeLimits, 'framesPerSecond' | 'subscriptions'>): number {
  return framesPerSecond === 0 || subscriptions === 0 ? 0 : Math.max(framesPerSecond, subscriptions);
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

function bucketOf(rate: number, now: number): TokenBucket {
  return new TokenBucket(rate, rate * BURST_SECONDS, now);
}

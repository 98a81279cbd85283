import type { Environment } from '../core/environment.js';
import type { FrameOptions, RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { RateLimiter } from './rate-limiter.js';

type Clock = Pick<Environment, 'monotonic'>;

/** A bucket holds the tokens of two seconds. */
export const BURST_SECONDS = 2;

/**
 * Limits how fast all connections and requests of one user, and those of one address, may send frames. Off if the rate of
 * one connection is not limited.
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

/** The limits that decide how many new topics a caller may name per second. */
export interface TopicRateLimits {
  readonly frames: Pick<FrameOptions, 'perSecond'>;
  readonly connections: Pick<RealtimeLimits['connections'], 'subscriptions'>;
}

/**
 * Number of new topics per second that one caller may ask for; 0: any number. A new topic runs a handler and takes memory,
 * however many of them one frame names. At least `subscriptions`, so that a client can always come back to all its topics.
 */
export function topicsPerSecond({ frames: { perSecond }, connections: { subscriptions } }: TopicRateLimits): number {
  return perSecond === 0 || subscriptions === 0 ? 0 : Math.max(perSecond, subscriptions);
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

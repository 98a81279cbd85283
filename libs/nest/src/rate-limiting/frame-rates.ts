import { KeyedBuckets } from './keyed-buckets.js';
import type { Environment } from '../core/environment.js';
import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';

type RateLimits = Pick<RealtimeLimits, 'framesPerSecond' | 'framesPerSecondPerUser' | 'framesPerSecondPerAddress'>;

/** Bursts of twice the rate pass. */
const BURST = 2;

/**
 * How much all connections of one user or address, and its HTTP requests, may send together on this node. Where one
 * connection may send any number of frames, so may all.
 */
export class FrameRates {
  private readonly users: KeyedBuckets;
  private readonly addresses: KeyedBuckets;

  constructor(
    private readonly limits: RateLimits,
    private readonly clock: Pick<Environment, 'monotonic'>,
  ) {
    this.users = bucketsOf(limits.framesPerSecond === 0 ? 0 : limits.framesPerSecondPerUser);
    this.addresses = bucketsOf(limits.framesPerSecond === 0 ? 0 : limits.framesPerSecondPerAddress);
  }

  /** Users and addresses that are remembered, for tests: none when nobody sends. */
  get size(): number {
    const now = this.clock.monotonic();
    return this.users.sizeAt(now) + this.addresses.sizeAt(now);
  }

  /** Counts a frame or a request of an address; undefined where it passes, or the address means nothing. */
  refuseFrom(network: string | undefined): RealtimeError | undefined {
    const retryAfter = this.addresses.refuse(network, this.clock.monotonic());
    return retryAfter === undefined
      ? undefined
      : tooMany(this.limits.framesPerSecondPerAddress, 'this address', retryAfter);
  }

  /** Counts a frame or a request of a user; undefined where it passes, or the caller is anonymous. */
  refuseOf(user: string | undefined): RealtimeError | undefined {
    const retryAfter = this.users.refuse(user, this.clock.monotonic());
    return retryAfter === undefined ? undefined : tooMany(this.limits.framesPerSecondPerUser, 'this user', retryAfter);
  }
}

function bucketsOf(rate: number): KeyedBuckets {
  return new KeyedBuckets(rate, rate * BURST);
}

function tooMany(rate: number, whose: string, retryAfter: number): RealtimeError {
  return new RealtimeError('too_many_requests', `At most ${rate} frames a second of ${whose} are read.`, {
    retryAfter,
  });
}

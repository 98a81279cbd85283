import type { TopicRequest } from '@statewire/protocol';

import { KeyedBuckets } from './keyed-buckets.js';
import { RecentlyUsed } from '../core/recently-used.js';
import { TokenBucket } from './token-bucket.js';
import { topicsPerSecond } from './topics-per-second.js';
import type { Environment } from '../core/environment.js';
import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import type { FrameRates } from './frame-rates.js';
import type { ReceivedRequest } from '../core/incoming-request.js';
import type { CallerContext } from '../core/realtime-request.js';

type CountedLimits = Pick<
  RealtimeLimits,
  'framesPerSecond' | 'subscriptions' | 'connectionsPerAddress' | 'connectionsPerUser' | 'waitingFrames'
>;

interface Allowance {
  readonly bucket: TokenBucket;
  /** Topics that were counted lately, newest last. */
  readonly topics: Set<string>;
}

/** Bursts of twice the rate pass. */
const BURST = 2;

/** Topics that nobody asked for so long (ms) cost as if they were new: the bucket they would empty is full again. */
const REFILL = BURST * 1_000;

/**
 * How much one caller may ask over HTTP: as much as over WebSocket. A user, or one anonymous client, may send what one
 * connection may, and not more than all of its user and address may together; and as many polls are held as connections
 * would be open.
 */
export class RequestLimits {
  private readonly callers: KeyedBuckets;
  private readonly topics = new RecentlyUsed<Allowance>(REFILL);
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly limits: CountedLimits,
    private readonly environment: Pick<Environment, 'monotonic'>,
    private readonly rates: FrameRates,
  ) {
    this.callers = new KeyedBuckets(limits.framesPerSecond, BURST * limits.framesPerSecond);
  }

  /** Callers that are remembered, for tests: none when nobody asks. */
  get size(): number {
    const now = this.environment.monotonic();
    return this.callers.sizeAt(now) + this.topics.sizeAt(now) + this.counts.size;
  }

  /** @throws RealtimeError `too_many_requests` */
  countAddress({ network }: Pick<ReceivedRequest, 'network'>): void {
    const refused = this.rates.refuseFrom(network);
    if (refused) throw refused;
  }

  /** @throws RealtimeError `too_many_requests` */
  countCaller(caller: CallerContext): void {
    const retryAfter = this.callers.refuse(nameOf(caller), this.environment.monotonic());
    if (retryAfter !== undefined) throw tooMany(retryAfter);
    const refused = this.rates.refuseOf(caller.identity?.id);
    if (refused) throw refused;
  }

  /**
   * Counts the topics of a poll. A poll names all its topics each time, and only those that are new to it cost much.
   *
   * @throws RealtimeError `too_many_requests`
   */
  countTopics(caller: CallerContext, requests: readonly TopicRequest[]): void {
    const rate = topicsPerSecond(this.limits);
    if (rate === 0) return;
    const now = this.environment.monotonic();
    const { bucket, topics } = this.topics.of(nameOf(caller), now, () => ({
      bucket: new TokenBucket(rate, BURST * rate, now),
      topics: new Set(),
    }));
    const fresh = requests.filter(({ topic }) => !topics.has(topic)).length;
    if (!bucket.take(now, fresh)) throw tooMany(bucket.retryAfter);
    for (const { topic } of requests) {
      topics.delete(topic);
      topics.add(topic);
    }
    for (const oldest of topics) {
      if (topics.size <= BURST * rate) break;
      topics.delete(oldest);
    }
  }

  /** @returns what gives the place back, or undefined where all are taken: then the poll is answered at once. */
  hold(caller: CallerContext, { network = '' }: Pick<ReceivedRequest, 'network'>): (() => void) | undefined {
    const { connectionsPerUser, connectionsPerAddress } = this.limits;
    if (caller.identity) return this.occupy(`held ${nameOf(caller)}`, connectionsPerUser);
    return this.occupy(`held ${network}`, network === '' ? 0 : connectionsPerAddress);
  }

  /** @throws RealtimeError `too_many_requests` where too many actions of the caller run already. */
  act(caller: CallerContext): () => void {
    const release = this.occupy(`acting ${nameOf(caller)}`, this.limits.waitingFrames);
    if (!release) throw tooMany(1_000);
    return release;
  }

  private occupy(key: string, limit: number): (() => void) | undefined {
    const count = this.counts.get(key) ?? 0;
    if (limit > 0 && count >= limit) return undefined;
    this.counts.set(key, count + 1);
    return () => {
      const left = (this.counts.get(key) ?? 0) - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    };
  }
}

/** Injective: an identity's id never reads like an address with a client id. */
function nameOf({ identity, ip, clientId }: CallerContext): string {
  return JSON.stringify(identity ? [identity.id] : [ip, clientId]);
}

function tooMany(retryAfter: number): RealtimeError {
  return new RealtimeError('too_many_requests', 'There are too many requests; wait for retryAfter.', { retryAfter });
}

import type { TopicRequest } from '@statewire/protocol';

import { TokenBucket } from '../common/token-bucket.js';
import { topicsPerSecond } from '../common/topics-per-second.js';
import type { Environment } from '../environment.js';
import type { RealtimeLimits } from '../module/options.js';
import { RealtimeError } from '../realtime-error.js';
import type { ReceivedRequest } from '../admission/index.js';
import type { CallerContext } from '../dispatcher/index.js';

type CountedLimits = Pick<
  RealtimeLimits,
  'framesPerSecond' | 'subscriptions' | 'connectionsPerAddress' | 'connectionsPerUser' | 'waitingFrames'
>;

interface Allowance {
  readonly bucket: TokenBucket;
  /** Topics that were counted lately, newest last. */
  readonly topics: Set<string>;
  usedAt: number;
}

/** Bursts of twice the rate pass. */
const BURST = 2;

/** A bucket that nobody took from for so long (ms) is full again, and need not be remembered. */
const REFILL = BURST * 1_000;

/**
 * How much one caller may ask over HTTP: as much as over WebSocket. A user, or one anonymous client, may send what one
 * connection may; an address what all its connections may; and as many polls are held as connections would be open.
 */
export class RequestLimits {
  private readonly buckets = new Map<string, Allowance>();
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly limits: CountedLimits,
    private readonly environment: Pick<Environment, 'monotonic'>,
  ) {}

  /** Callers that are remembered, for tests: none when nobody asks. */
  get size(): number {
    this.forgetFull(this.environment.monotonic());
    return this.buckets.size + this.counts.size;
  }

  /** @throws RealtimeError `too_many_requests` */
  countAddress({ ip, addressIsMeaningful }: ReceivedRequest): void {
    const { framesPerSecond, connectionsPerAddress } = this.limits;
    if (addressIsMeaningful) this.take(`address ${ip}`, framesPerSecond * connectionsPerAddress);
  }

  /** @throws RealtimeError `too_many_requests` */
  countCaller(caller: CallerContext): void {
    this.take(`rate ${nameOf(caller)}`, this.limits.framesPerSecond);
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
    const { bucket, topics } = this.allowance(`topics ${nameOf(caller)}`, rate, now);
    spend(bucket, now, requests.filter(({ topic }) => !topics.has(topic)).length);
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
  hold(
    caller: CallerContext,
    { ip, addressIsMeaningful }: Pick<ReceivedRequest, 'ip' | 'addressIsMeaningful'>,
  ): (() => void) | undefined {
    const { connectionsPerUser, connectionsPerAddress } = this.limits;
    if (caller.identity) return this.occupy(`held ${nameOf(caller)}`, connectionsPerUser);
    return this.occupy(`held ${ip}`, addressIsMeaningful ? connectionsPerAddress : 0);
  }

  /** @throws RealtimeError `too_many_requests` where too many actions of the caller run already. */
  act(caller: CallerContext): () => void {
    const release = this.occupy(`acting ${nameOf(caller)}`, this.limits.waitingFrames);
    if (!release) throw tooMany(1_000);
    return release;
  }

  private take(key: string, rate: number): void {
    if (rate === 0) return;
    const now = this.environment.monotonic();
    spend(this.allowance(key, rate, now).bucket, now, 1);
  }

  private allowance(key: string, rate: number, now: number): Allowance {
    this.forgetFull(now);
    const allowance = this.buckets.get(key) ?? {
      bucket: new TokenBucket(rate, BURST * rate, now),
      topics: new Set<string>(),
      usedAt: now,
    };
    allowance.usedAt = now;
    // Inserted anew, so that the map is ordered by use.
    this.buckets.delete(key);
    this.buckets.set(key, allowance);
    return allowance;
  }

  private forgetFull(now: number): void {
    for (const [key, { usedAt }] of this.buckets) {
      if (now - usedAt < REFILL) return;
      this.buckets.delete(key);
    }
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

function spend(bucket: TokenBucket, now: number, count: number): void {
  if (!bucket.take(now, count)) throw tooMany(bucket.retryAfter);
}

function tooMany(retryAfter: number): RealtimeError {
  return new RealtimeError('too_many_requests', 'There are too many requests; wait for retryAfter.', { retryAfter });
}

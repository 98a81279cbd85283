import type { TopicRequest } from '@statewire/protocol';

import type { Environment } from '../core/environment.js';
import type { ReceivedRequest } from '../core/incoming-request.js';
import { KeyedStore } from '../core/keyed-store.js';
import type { ConnectionOptions, FrameOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import type { CallerContext } from '../core/realtime-request.js';
import {
  BURST_SECONDS,
  topicsPerSecond,
  type SharedFrameLimits,
  KeyedCounter,
  RateLimiter,
  TokenBucket,
} from './rate-limiter.js';

interface CountedLimits {
  readonly frames: Pick<FrameOptions, 'perSecond' | 'waiting'>;
  readonly connections: Pick<ConnectionOptions, 'subscriptions' | 'perAddress' | 'perUser'>;
}

/** The topics that one caller polls. */
interface PolledTopics {
  readonly bucket: TokenBucket;
  /** The topics of the last polls, newest last. */
  readonly names: Set<string>;
}

const MESSAGE = 'This client sends too many requests. Wait for retryAfter.';

/** Sent with the error if too many actions run. */
const RETRY_AFTER_MS = 1_000;

/**
 * Limits the HTTP requests of one caller to what it may send over one WebSocket: frames, new topics and actions. A
 * caller is a user, or an anonymous client of one address. The limits that all connections of a user and of an address
 * share apply as well. A held poll counts as an open connection.
 */
export class RequestLimits {
  private readonly callers: RateLimiter;
  /**
   * Idle until the bucket is full again: a topic that is dropped then costs nothing that a full bucket does not have.
   */
  private readonly topics: KeyedStore<PolledTopics>;
  private readonly heldPolls = new KeyedCounter();
  private readonly actions = new KeyedCounter();

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: Pick<Environment, 'monotonic'>,
    private readonly shared: SharedFrameLimits,
  ) {
    const rate = limits.frames.perSecond;
    this.callers = new RateLimiter({ rate, burst: BURST_SECONDS * rate }, MESSAGE, clock);
    this.topics = new KeyedStore(clock, { idleMs: BURST_SECONDS * 1_000 });
  }

  /** Number of callers in memory, for tests: 0 when no request arrives for a while. */
  get size(): number {
    return this.callers.size + this.topics.size + this.heldPolls.size + this.actions.size;
  }

  /** @throws RealtimeError `too_many_requests` */
  countAddress({ network }: Pick<ReceivedRequest, 'network'>): void {
    const rejected = this.shared.rejectAddress(network);
    if (rejected) throw rejected;
  }

  /** @throws RealtimeError `too_many_requests` */
  countCaller(caller: CallerContext): void {
    const rejected = this.callers.reject(keyOf(caller)) ?? this.shared.rejectUser(caller.identity?.id);
    if (rejected) throw rejected;
  }

  /**
   * Counts the topics of a poll. A poll names all topics each time, so only those that the last polls did not name
   * count.
   *
   * @throws RealtimeError `too_many_requests`
   */
  countTopics(caller: CallerContext, requests: readonly TopicRequest[]): void {
    const rate = topicsPerSecond(this.limits);
    if (rate === 0) return;
    const burst = BURST_SECONDS * rate;
    const now = this.clock.monotonic();
    const { bucket, names } = this.topics.of(keyOf(caller), () => ({
      bucket: new TokenBucket(rate, burst, now),
      names: new Set(),
    }));
    const added = requests.filter(({ topic }) => !names.has(topic)).length;
    if (!bucket.take(now, added)) throw tooManyRequests(bucket.retryAfter);
    for (const { topic } of requests) {
      names.delete(topic);
      names.add(topic);
    }
    for (const oldest of names) {
      if (names.size <= burst) break;
      names.delete(oldest);
    }
  }

  /**
   * Takes a slot for a held poll.
   *
   * @returns the function that frees the slot; undefined if all slots are taken, and the poll is answered at once.
   */
  holdPoll(caller: CallerContext, { network = '' }: Pick<ReceivedRequest, 'network'>): (() => void) | undefined {
    const { perUser, perAddress } = this.limits.connections;
    if (caller.identity) return occupy(this.heldPolls, keyOf(caller), perUser);
    return occupy(this.heldPolls, network, network === '' ? 0 : perAddress);
  }

  /**
   * Takes a slot for an action.
   *
   * @returns the function that frees the slot.
   * @throws RealtimeError `too_many_requests` if too many actions of the caller run.
   */
  startAction(caller: CallerContext): () => void {
    const release = occupy(this.actions, keyOf(caller), this.limits.frames.waiting);
    if (!release) throw tooManyRequests(RETRY_AFTER_MS);
    return release;
  }
}

/** @param max 0: no limit. */
function occupy(counter: KeyedCounter, key: string, max: number): (() => void) | undefined {
  if (max > 0 && counter.of(key) >= max) return undefined;
  counter.add(key);
  return () => counter.remove(key);
}

/** Injective: the id of a user never equals the address and the client id of an anonymous caller. */
function keyOf({ identity, ip, clientId }: CallerContext): string {
  return JSON.stringify(identity ? [identity.id] : [ip, clientId]);
}

function tooManyRequests(retryAfter: number): RealtimeError {
  return new RealtimeError('too_many_requests', MESSAGE, { retryAfter });
}

import type { Position } from '@statewire/protocol';

import type {
  Broker,
  LivePublication,
  NewPublication,
  Release,
  StoredPublication,
  TopicHistory,
  TopicMessage,
} from '../../core/broker.js';
import type { Environment, Timer } from '../../core/environment.js';
import { PublicationLog, type LogLimits } from '../../core/publication-log.js';

/** Maximum milliseconds between two sweeps for idle topics. */
const SWEEP_INTERVAL_MS = 60_000;

type TopicListener = (message: TopicMessage) => void;

type MemoryEntry = StoredPublication & { readonly size: number };

/** The history of one topic, and its listeners in this process. */
class MemoryTopic {
  readonly listeners = new Set<TopicListener>();
  /** Time of the last use, in milliseconds of the monotonic clock of every `now`. */
  usedAt: number;
  private offset = 0;
  private data: string | undefined;
  private time: number | undefined;
  private readonly log: PublicationLog<MemoryEntry>;
  private readonly messages: TopicMessage[] = [];
  private delivering = false;

  constructor(
    private epoch: string,
    limits: LogLimits,
    now: number,
    private readonly onListenerError: (error: unknown) => void,
  ) {
    this.log = new PublicationLog(limits);
    this.usedAt = now;
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset };
  }

  /** Approximate bytes of the topic. */
  get weight(): number {
    return this.log.weight + (this.data?.length ?? 0);
  }

  /** @param time the time that readers see, in milliseconds since the Unix epoch. */
  publish(publication: NewPublication, now: number, time: number): Position {
    this.usedAt = now;
    this.offset += 1;
    const { kind, data, patch, value } = publication;
    const delta = patch?.epoch === this.epoch && patch.from === this.offset - 1 ? patch.delta : undefined;
    const { offset } = this;
    const kept = delta === undefined ? { data } : { delta };
    this.log.push({ offset, time, ...kept, size: Buffer.byteLength(delta ?? data) }, now);
    if (kind === 'state') this.data = data;
    this.time = time;
    const live: LivePublication = { epoch: this.epoch, offset, time, data, delta, value };
    this.notify({ type: 'publication', publication: live });
    return { epoch: this.epoch, offset };
  }

  read(now: number, above = this.offset, limit = Infinity): TopicHistory {
    this.usedAt = now;
    this.log.trim(now);
    return {
      ...this.position,
      data: this.data,
      time: this.time,
      oldest: this.log.oldest ?? this.offset + 1,
      publications: this.log.above(above, limit),
    };
  }

  replaceEpoch(epoch: string, now: number): void {
    this.usedAt = now;
    this.epoch = epoch;
    this.offset = 0;
    this.data = undefined;
    this.time = undefined;
    this.log.clear();
    this.notify({ type: 'epoch', position: this.position });
  }

  close(): void {
    this.notify({ type: 'closed' });
  }

  /** Delivers messages in order to every listener, even if a listener publishes during a delivery. */
  private notify(message: TopicMessage): void {
    this.messages.push(message);
    if (this.delivering) return;
    this.delivering = true;
    for (let next = this.messages.shift(); next !== undefined; next = this.messages.shift()) {
      for (const listener of this.listeners) this.deliver(listener, next);
    }
    this.delivering = false;
  }

  private deliver(listener: TopicListener, message: TopicMessage): void {
    try {
      listener(message);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}

/** Limits for topics without listeners. 0 switches a limit off. */
export interface IdleLimits {
  readonly count: number;
  /** Approximate bytes of their values and publications. */
  readonly weight: number;
}

/** The topics without listeners, in the order of their last use, and their weights. */
class IdleTopics {
  private readonly weights = new Map<string, number>();
  private weight = 0;

  constructor(private readonly limits: IdleLimits) {}

  /** Marks the topic as the most recently used one. */
  touch(name: string, weight: number): void {
    this.delete(name);
    this.weights.set(name, weight);
    this.weight += weight;
  }

  delete(name: string): void {
    this.weight -= this.weights.get(name) ?? 0;
    this.weights.delete(name);
  }

  clear(): void {
    this.weights.clear();
    this.weight = 0;
  }

  /** Removes topics above the limits, the least recently used first. Keeps the last topic, even if it is too heavy. */
  *evict(): Iterable<string> {
    for (const name of this.weights.keys()) {
      if (!this.exceedsLimits()) return;
      this.delete(name);
      yield name;
    }
  }

  private exceedsLimits(): boolean {
    const { count, weight } = this.limits;
    if (this.weights.size <= 1) return false;
    return (count > 0 && this.weights.size > count) || (weight > 0 && this.weight > weight);
  }
}

/** The topics of the memory broker: positions, history and listeners. */
export class MemoryTopics {
  private readonly topics = new Map<string, MemoryTopic>();
  private readonly idle: IdleTopics;
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly history: LogLimits,
    idle: IdleLimits,
    private readonly onListenerError: (topic: string, error: unknown) => void,
  ) {
    this.idle = new IdleTopics(idle);
  }

  get size(): number {
    return this.topics.size;
  }

  publish(name: string, publication: NewPublication): Position {
    const topic = this.topic(name);
    const position = topic.publish(publication, this.environment.monotonic(), this.environment.now());
    this.touch(name, topic);
    return position;
  }

  listen(name: string, listener: TopicListener): Release {
    const topic = this.topic(name);
    // A new function, so that the same listener can be added twice.
    const own: TopicListener = (message) => listener(message);
    topic.listeners.add(own);
    this.idle.delete(name);
    return async () => {
      if (!topic.listeners.delete(own)) return;
      topic.usedAt = this.environment.monotonic();
      this.touch(name, topic);
    };
  }

  read(name: string, { above, limit }: Parameters<Broker['read']>[2] = {}): TopicHistory {
    const topic = this.topic(name);
    const history = topic.read(this.environment.monotonic(), above, limit);
    this.touch(name, topic);
    return history;
  }

  replaceEpoch(name: string, expected: string): Position {
    const topic = this.topic(name);
    if (topic.position.epoch === expected) topic.replaceEpoch(this.environment.id(), this.environment.monotonic());
    this.touch(name, topic);
    return topic.position;
  }

  close(name: string): void {
    const topic = this.topics.get(name);
    this.topics.delete(name);
    this.idle.delete(name);
    topic?.close();
  }

  dispose(): void {
    this.sweep?.cancel();
    this.topics.clear();
    this.idle.clear();
  }

  private topic(name: string): MemoryTopic {
    const existing = this.topics.get(name);
    if (existing !== undefined) return existing;
    const { environment } = this;
    const topic = new MemoryTopic(environment.id(), this.history, environment.monotonic(), (error) =>
      this.onListenerError(name, error),
    );
    this.topics.set(name, topic);
    this.sweepLater();
    return topic;
  }

  /** Marks an idle topic as used, and forgets topics above the limits, because clients can create many topics. */
  private touch(name: string, topic: MemoryTopic): void {
    if (topic.listeners.size > 0 || this.topics.get(name) !== topic) return;
    this.idle.touch(name, topic.weight);
    for (const forgotten of this.idle.evict()) this.topics.delete(forgotten);
  }

  private sweepLater(): void {
    const { ageMs } = this.history;
    if (ageMs === 0 || this.sweep !== undefined) return;
    this.sweep = this.environment.setTimer(() => this.forgetExpired(), Math.min(ageMs, SWEEP_INTERVAL_MS));
  }

  private forgetExpired(): void {
    this.sweep = undefined;
    const now = this.environment.monotonic();
    for (const [name, topic] of this.topics) {
      if (topic.listeners.size > 0 || now - topic.usedAt < this.history.ageMs) continue;
      this.topics.delete(name);
      this.idle.delete(name);
    }
    if (this.topics.size > 0) this.sweepLater();
  }
}

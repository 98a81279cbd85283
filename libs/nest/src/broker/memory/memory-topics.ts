import type { Position, TopicKind } from '@statewire/protocol';

import {
  BrokerError,
  type LivePublication,
  type NewPublication,
  type PublishOptions,
  type ReadOptions,
  type Release,
  type StoredPublication,
  type TopicHistory,
  type TopicMessage,
} from '../../core/broker.js';
import type { Environment, Timer } from '../../core/environment.js';
import { PublicationLog, type LogLimits } from '../../core/publication-log.js';

/** Maximum milliseconds between two sweeps for idle topics. */
const SWEEP_INTERVAL_MS = 60_000;

type TopicListener = (message: TopicMessage) => void;

type MemoryEntry = StoredPublication & { readonly previous: string; readonly size: number };

/** The history of one topic, and its listeners in this process. */
class MemoryTopic {
  readonly listeners = new Set<TopicListener>();
  /** Time of the last use, in milliseconds of the monotonic clock of every `now`. */
  usedAt: number;
  private offset = 0;
  /** Id of the newest publication. */
  private id = '';
  /** The newest publication of a state topic. It makes the text of its value on first use. */
  private newest: Pick<NewPublication, 'data'> | undefined;
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
    return this.log.weight + (this.newest?.data.length ?? 0);
  }

  /** @param time the time that readers see, in milliseconds since the Unix epoch. */
  publish(publication: NewPublication, now: number, time: number): Position {
    this.notify({ type: 'publication', publication: this.append(publication, now, time) });
    return this.position;
  }

  /** Starts an epoch with its first publication. */
  start(epoch: string, publication: NewPublication, now: number, time: number): Position {
    this.reset(epoch);
    this.notify({ type: 'epoch', epoch, first: this.append(publication, now, time) });
    return this.position;
  }

  read(now: number, { above = this.offset, maxBytes = Infinity }: ReadOptions): TopicHistory {
    this.usedAt = now;
    this.log.trim(now);
    return {
      ...this.position,
      id: this.id,
      ...(this.time === undefined ? {} : { time: this.time }),
      ...(this.newest === undefined ? {} : { base: { offset: this.offset, data: this.newest.data } }),
      ...this.idAt(above),
      oldest: this.log.oldest ?? this.offset + 1,
      publications: newest(this.log.above(above), maxBytes),
    };
  }

  /** Drops publications that are too old. @returns whether there are others. */
  trim(now: number): boolean {
    this.log.trim(now);
    return this.log.size > 0;
  }

  replaceEpoch(epoch: string, keep: boolean, now: number): void {
    const { id, newest, time } = this;
    this.usedAt = now;
    this.reset(epoch);
    if (!keep || newest === undefined) return this.notify({ type: 'epoch', epoch });
    this.notify({ type: 'epoch', epoch, first: this.append({ kind: 'state', id, data: newest.data }, now, time!) });
  }

  close(): void {
    this.notify({ type: 'closed' });
  }

  private append(publication: NewPublication, now: number, time: number): LivePublication {
    const { kind, id, patch, value } = publication;
    const previous = this.id;
    const delta = patch?.base === previous && previous !== '' ? patch.delta : undefined;
    this.usedAt = now;
    this.offset += 1;
    this.id = id;
    this.time = time;
    if (kind === 'state') this.newest = publication;
    const { epoch, offset } = this;
    const kept = delta === undefined ? { data: publication.data } : { delta };
    this.log.push({ offset, id, previous, time, ...kept, size: Buffer.byteLength(delta ?? publication.data) }, now);
    return {
      ...{ epoch, offset, id, previous, time },
      ...(value === undefined ? { data: publication.data, ...kept } : { value, ...kept }),
    };
  }

  private reset(epoch: string): void {
    this.epoch = epoch;
    this.offset = 0;
    this.id = '';
    this.newest = undefined;
    this.time = undefined;
    this.log.clear();
  }

  private idAt(offset: number): { readonly idAbove?: string } {
    if (offset <= 0) return { idAbove: '' };
    // The oldest entry still knows the entry below it, so that a reader at that offset misses nothing.
    const id = offset === this.offset ? this.id : (this.log.at(offset)?.id ?? this.log.at(offset + 1)?.previous);
    return id === undefined ? {} : { idAbove: id };
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

/** The newest entries that have at most `maxBytes` together. */
function newest(entries: readonly MemoryEntry[], maxBytes: number): readonly MemoryEntry[] {
  let bytes = 0;
  const cut = entries.findLastIndex(({ size }) => (bytes += size) > maxBytes);
  return cut < 0 ? entries : entries.slice(cut + 1);
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

  /** @throws BrokerError `moved` */
  publish(name: string, publication: NewPublication, { only, startsEpoch }: PublishOptions = {}): Position {
    const { environment } = this;
    const topic = this.topic(name);
    const { epoch, offset } = topic.position;
    if (only !== undefined && (only.epoch !== epoch || only.offset !== offset)) {
      throw new BrokerError('moved', `The topic "${name}" stands at ${offset} of ${epoch}. Read it and decide again.`);
    }
    const [now, time] = [environment.monotonic(), environment.now()];
    const position = startsEpoch
      ? topic.start(environment.id(), publication, now, time)
      : topic.publish(publication, now, time);
    this.touch(name, topic);
    this.sweepLater();
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

  read(name: string, options: ReadOptions = {}): TopicHistory {
    const topic = this.topic(name);
    const history = topic.read(this.environment.monotonic(), options);
    this.touch(name, topic);
    return history;
  }

  replaceEpoch(name: string, kind: TopicKind, expected: string, keep = false): Position {
    const { environment } = this;
    const topic = this.topic(name);
    if (topic.position.epoch === expected)
      topic.replaceEpoch(environment.id(), keep && kind === 'state', environment.monotonic());
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
    return topic;
  }

  /** Marks an idle topic as used, and forgets topics above the limits, because clients can create many topics. */
  private touch(name: string, topic: MemoryTopic): void {
    if (topic.listeners.size > 0 || this.topics.get(name) !== topic) return;
    this.idle.touch(name, topic.weight);
    this.sweepLater();
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
      const hasHistory = topic.trim(now);
      if (topic.listeners.size > 0 ? hasHistory : now - topic.usedAt < this.history.ageMs) {
        this.sweepLater();
      } else if (topic.listeners.size === 0) {
        this.topics.delete(name);
        this.idle.delete(name);
      }
    }
  }
}

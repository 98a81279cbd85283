import type { Position } from '@statewire/protocol';

import type { Environment, Timer } from '../environment.js';
import type { Broker, NewPublication, Release, TopicHistory } from './broker.js';
import { MemoryTopic, type TopicListener } from './memory-topic.js';
import type { LogLimits } from './publication-log.js';

/** How often idle topics are looked for while their age is not limited, and at the least otherwise. */
const SWEEP_INTERVAL = 60_000;

/** Positions and history of the memory broker. */
export class MemoryTopics {
  private readonly topics = new Map<string, MemoryTopic>();
  /** Names without a publication and without a listener, the longest unused first. */
  private readonly unused = new Set<string>();
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly history: LogLimits,
    /** Topics without a publication and without a listener that are remembered. */
    private readonly maxUnused: number,
    private readonly onListenerError: (topic: string, error: unknown) => void,
  ) {}

  get size(): number {
    return this.topics.size;
  }

  publish(name: string, publication: NewPublication): Position {
    this.unused.delete(name);
    return this.topic(name).publish(publication, this.environment.now());
  }

  listen(name: string, listener: TopicListener): Release {
    const topic = this.topic(name);
    // One of its own, so that the same function can listen twice.
    const own: TopicListener = (message) => listener(message);
    topic.listeners.add(own);
    this.unused.delete(name);
    return async () => {
      if (!topic.listeners.delete(own) || this.topics.get(name) !== topic) return;
      topic.usedAt = this.environment.now();
      this.noteUnused(name, topic);
    };
  }

  read(name: string, { above, limit }: Parameters<Broker['read']>[2] = {}): TopicHistory {
    const topic = this.topic(name);
    this.noteUnused(name, topic);
    return topic.read(this.environment.now(), above, limit);
  }

  replaceEpoch(name: string, expected: string): Position {
    const topic = this.topic(name);
    if (topic.position.epoch === expected) topic.replaceEpoch(this.environment.id(), this.environment.now());
    this.noteUnused(name, topic);
    return topic.position;
  }

  close(name: string): void {
    const topic = this.topics.get(name);
    this.topics.delete(name);
    this.unused.delete(name);
    topic?.close();
  }

  dispose(): void {
    this.sweep?.cancel();
    this.topics.clear();
    this.unused.clear();
  }

  private topic(name: string): MemoryTopic {
    const known = this.topics.get(name);
    if (known !== undefined) return known;
    const { environment } = this;
    const topic = new MemoryTopic(environment.id(), this.history, environment.now(), (error) =>
      this.onListenerError(name, error),
    );
    this.topics.set(name, topic);
    this.sweepLater();
    return topic;
  }

  private noteUnused(name: string, topic: MemoryTopic): void {
    if (topic.position.offset > 0 || topic.listeners.size > 0) return;
    this.unused.delete(name);
    this.unused.add(name);
    if (this.maxUnused === 0 || this.unused.size <= this.maxUnused) return;
    for (const oldest of this.unused) {
      this.unused.delete(oldest);
      this.topics.delete(oldest);
      break;
    }
  }

  private sweepLater(): void {
    const { age } = this.history;
    if (age === 0 || this.sweep !== undefined) return;
    this.sweep = this.environment.setTimer(() => this.evictIdle(), Math.min(age, SWEEP_INTERVAL));
  }

  private evictIdle(): void {
    this.sweep = undefined;
    const now = this.environment.now();
    for (const [name, topic] of this.topics) {
      if (topic.listeners.size > 0 || now - topic.usedAt < this.history.age) continue;
      this.topics.delete(name);
      this.unused.delete(name);
    }
    if (this.topics.size > 0) this.sweepLater();
  }
}

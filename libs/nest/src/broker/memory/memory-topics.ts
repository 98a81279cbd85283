import type { Position } from '@statewire/protocol';

import type { Environment, Timer } from '../../core/environment.js';
import type { Broker, NewPublication, Release, TopicHistory } from '../../core/broker.js';
import { IdleTopics, type IdleLimits } from './idle-topics.js';
import { MemoryTopic, type TopicListener } from './memory-topic.js';
import type { LogLimits } from './publication-log.js';

/** How often idle topics are looked for while their age is not limited, and at the least otherwise. */
const SWEEP_INTERVAL = 60_000;

/** Positions and history of the memory broker. */
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
    this.use(name, topic);
    return position;
  }

  listen(name: string, listener: TopicListener): Release {
    const topic = this.topic(name);
    // One of its own, so that the same function can listen twice.
    const own: TopicListener = (message) => listener(message);
    topic.listeners.add(own);
    this.idle.delete(name);
    return async () => {
      if (!topic.listeners.delete(own)) return;
      topic.usedAt = this.environment.monotonic();
      this.use(name, topic);
    };
  }

  read(name: string, { above, limit }: Parameters<Broker['read']>[2] = {}): TopicHistory {
    const topic = this.topic(name);
    const history = topic.read(this.environment.monotonic(), above, limit);
    this.use(name, topic);
    return history;
  }

  replaceEpoch(name: string, expected: string): Position {
    const topic = this.topic(name);
    if (topic.position.epoch === expected) topic.replaceEpoch(this.environment.id(), this.environment.monotonic());
    this.use(name, topic);
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
    const known = this.topics.get(name);
    if (known !== undefined) return known;
    const { environment } = this;
    const topic = new MemoryTopic(environment.id(), this.history, environment.monotonic(), (error) =>
      this.onListenerError(name, error),
    );
    this.topics.set(name, topic);
    this.sweepLater();
    return topic;
  }

  /** Forgets the longest unused topics above the limits: clients can ask for more of them than memory holds. */
  private use(name: string, topic: MemoryTopic): void {
    if (topic.listeners.size > 0 || this.topics.get(name) !== topic) return;
    this.idle.use(name, topic.weight);
    for (const forgotten of this.idle.excess()) this.topics.delete(forgotten);
  }

  private sweepLater(): void {
    const { age } = this.history;
    if (age === 0 || this.sweep !== undefined) return;
    this.sweep = this.environment.setTimer(() => this.evictIdle(), Math.min(age, SWEEP_INTERVAL));
  }

  private evictIdle(): void {
    this.sweep = undefined;
    const now = this.environment.monotonic();
    for (const [name, topic] of this.topics) {
      if (topic.listeners.size > 0 || now - topic.usedAt < this.history.age) continue;
      this.topics.delete(name);
      this.idle.delete(name);
    }
    if (this.topics.size > 0) this.sweepLater();
  }
}

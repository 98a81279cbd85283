import { Injectable, Logger } from '@nestjs/common';
import { BrokerError, RealtimeBus, RealtimeLeases } from '@statewire/nest';
import type { TopicReference } from '@statewire/protocol';

import { OwnedTopic } from './owned-topic.js';

/**
 * Publishes the state of the game. Only the node that runs the game does it: it holds the lease of each topic, so that
 * the broker refuses a node that was frozen while another one took over. Logs failed publications, so that the game
 * continues.
 */
@Injectable()
export class Publisher {
  /** Called after the set of owned topics has changed, and before anything is published to a new one. */
  onChange: (topics: readonly string[]) => void = () => undefined;

  readonly #logger = new Logger('Arena');
  readonly #owned = new Map<string, OwnedTopic<unknown>>();

  constructor(
    private readonly bus: RealtimeBus,
    private readonly leases: RealtimeLeases,
  ) {}

  /** Names of the topics that this node owns. */
  get topics(): readonly string[] {
    return [...this.#owned.keys()];
  }

  /** Publishes a value of a state topic. Resolves with whether it has its position; never rejects. */
  async publish<Value>(topic: TopicReference<Value>, value: Value): Promise<boolean> {
    return this.#attempt(topic, 'publish to', this.#own(topic).publish(value));
  }

  /** Publishes an event. It belongs to a state that was published before. */
  async publishEvent<Value>(topic: TopicReference<Value>, value: Value): Promise<boolean> {
    return this.#attempt(topic, 'publish to', this.bus.publish(topic, value));
  }

  /** Resolves with the value of a topic when this node is its only publisher. */
  takeOver<Value>(topic: TopicReference<Value>): Promise<Value | undefined> {
    return this.#own(topic).acquired;
  }

  /** Closes a topic on all nodes, unless another node has taken it over. */
  async close(topic: TopicReference): Promise<void> {
    const owned = this.#owned.get(topic.name);
    if (owned === undefined) return;
    const { isHeld } = owned;
    this.#owned.delete(topic.name);
    this.#change();
    await owned.release();
    if (isHeld) await this.#attempt(topic, 'close', this.bus.close(topic));
  }

  /** Gives all topics to the next node that runs the game. */
  async release(): Promise<void> {
    const owned = [...this.#owned.values()];
    this.#owned.clear();
    await Promise.all(owned.map((topic) => topic.release()));
  }

  #own<Value>(topic: TopicReference<Value>): OwnedTopic<Value> {
    const { name } = topic;
    const owned = this.#owned.get(name);
    if (owned !== undefined) return owned as unknown as OwnedTopic<Value>;
    const added = new OwnedTopic(this.leases, topic);
    this.#owned.set(name, added as OwnedTopic<unknown>);
    this.#change();
    return added;
  }

  #change(): void {
    this.onChange(this.topics);
  }

  async #attempt(topic: TopicReference, what: string, work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      // Another node runs the game.
      if (error instanceof BrokerError && error.code === 'fenced') return false;
      this.#logger.error(`Could not ${what} ${topic.name}.`, error instanceof Error ? error.stack : undefined);
      return false;
    }
  }
}

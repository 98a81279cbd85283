import { AsyncResource } from 'node:async_hooks';

import type { HeldTopicLease, RealtimeLeases } from '@statewire/nest';
import type { TopicReference } from '@statewire/protocol';

const RELEASED = 'This node does not own the topic any more.';

interface WaitingPublication {
  readonly publish: () => void;
  readonly cancel: () => void;
}

/** A topic that only this node publishes to, because it holds the lease of the topic. */
export class OwnedTopic<Value> {
  /** Resolves with the value of the topic when this node has the lease. Rejects if it is released before. */
  readonly acquired: Promise<Value | undefined>;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** Publications before this node has the lease. */
  readonly #waiting: WaitingPublication[] = [];
  #publish: ((value: Value) => Promise<unknown>) | undefined;

  constructor(leases: Pick<RealtimeLeases, 'hold'>, topic: TopicReference<Value>) {
    let acquire!: (value: Value | undefined) => void;
    this.acquired = new Promise((resolve, reject) => {
      acquire = resolve;
      this.#stop.signal.addEventListener('abort', () => reject(new Error(RELEASED)));
    });
    // Publications do not wait for the value.
    this.acquired.catch(() => undefined);
    const work = (lease: HeldTopicLease<Value>): Promise<void> => {
      this.#publish = (value) => lease.publish(value);
      acquire(lease.value);
      for (const waiting of this.#waiting.splice(0)) waiting.publish();
      return new Promise((resolve) => {
        lease.signal.addEventListener('abort', () => {
          this.#publish = undefined;
          resolve();
        });
      });
    };
    this.#ended = leases.hold(topic, work, { signal: this.#stop.signal });
  }

  get isHeld(): boolean {
    return this.#publish !== undefined;
  }

  /** Rejects if the broker refuses the value, or the topic is released before this node has the lease. */
  publish(value: Value): Promise<unknown> {
    if (this.#publish !== undefined) return this.#publish(value);
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        // An action gets the positions of what it publishes in its own context.
        publish: AsyncResource.bind(() => void this.#publish!(value).then(resolve, reject)),
        cancel: () => reject(new Error(RELEASED)),
      });
    });
  }

  /** Gives the lease back. */
  async release(): Promise<void> {
    this.#stop.abort();
    for (const { cancel } of this.#waiting.splice(0)) cancel();
    await this.#ended;
  }
}

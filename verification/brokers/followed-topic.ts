import type { Json } from '@statewire/protocol';

import { until } from '../faults/support/until.js';
import { Follower, Ledger, Writer } from './follower.js';
import type { TestNode } from './test-node.js';
import { untilEqual } from './until-equal.js';

export const TOPIC = 'lobby';

/** Ten publications a second, as a battle sends them. */
const INTERVAL_MS = 100;

/** Short times, so that a test need not wait for the usual ones. */
export const SHORT = { leaseTtlMs: 1_000, nodeTtlMs: 1_500 };

/** A value whose delta to the next one is small. */
export function valueAt(n: number): Json {
  return { n, hp: n % 17, text: 'x'.repeat(300) };
}

/** Two nodes that follow a topic, and publish it from the first one. */
export class FollowedTopic {
  readonly ledger = new Ledger();
  readonly outcomes: PromiseSettledResult<unknown>[] = [];
  private readonly pending: Promise<void>[] = [];
  private published = 0;

  private constructor(
    readonly nodes: readonly [TestNode, TestNode],
    readonly followers: Follower[],
  ) {}

  writer!: Writer;

  static async start(startNode: () => Promise<TestNode>): Promise<FollowedTopic> {
    const nodes = await Promise.all([startNode(), startNode()]);
    const topic = new FollowedTopic(nodes, []);
    topic.writer = new Writer(nodes[0].broker, TOPIC, topic.ledger, 'w');
    for (const { broker } of nodes) topic.followers.push(await Follower.start(broker, TOPIC, topic.ledger));
    return topic;
  }

  /** Publishes the next value, without waiting for the server. */
  publish(): void {
    const publishing = this.writer.publish(valueAt((this.published += 1)));
    this.pending.push(
      publishing.then(
        (value) => void this.outcomes.push({ status: 'fulfilled', value }),
        (reason: unknown) => void this.outcomes.push({ status: 'rejected', reason }),
      ),
    );
  }

  /** Publishes 10 values a second while the work goes on. */
  async publishDuring(work: () => Promise<void>): Promise<void> {
    const timer = setInterval(() => this.publish(), INTERVAL_MS);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** Publishes values, and waits for the server. */
  async publishAll(count: number): Promise<void> {
    for (let n = 0; n < count; n++) this.publish();
    await this.settled();
  }

  /** Resolves when the server has answered all publications. */
  async settled(): Promise<void> {
    await Promise.all(this.pending);
  }

  /** The last value that was published. */
  get newest(): Json {
    return valueAt(this.published);
  }

  async untilAll(state: 'up' | 'away'): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.until(state)));
  }

  /** Resolves when all followers show the same in another epoch. */
  async untilNewEpoch(old: string): Promise<void> {
    await until(() => this.followers.every(({ epoch }) => epoch !== old), 'a new epoch');
    await untilEqual(this.followers);
  }

  async dispose(): Promise<void> {
    for (const node of this.nodes) await node.dispose();
  }
}

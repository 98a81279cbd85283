import { Follower, Ledger, SHORT, untilEqual, valueAt, Writer } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import type { RedisCluster, RedisServer } from '@statewire/verification/servers';

import { Keys } from '../../src/keys.js';
import { startNode, type RedisNode } from './test-node.js';

const INTERVAL_MS = 100;
const TOPICS = 24;
const keys = new Keys('sw');

/** A topic that the first node publishes and both nodes follow. */
export interface Followed {
  readonly name: string;
  readonly followers: readonly Follower[];
  readonly writer: Writer;
  published: number;
}

/** Topics on all masters of a cluster, which two nodes follow. */
export class FollowedTopics {
  readonly ledger = new Ledger();
  readonly rejected: unknown[] = [];
  private readonly pending: Promise<void>[] = [];

  private constructor(
    readonly cluster: RedisCluster,
    readonly nodes: readonly [RedisNode, RedisNode],
    readonly topics: Followed[],
  ) {}

  static async start(cluster: RedisCluster): Promise<FollowedTopics> {
    const nodes = await Promise.all([startNode(cluster, SHORT), startNode(cluster, SHORT)]);
    const all = new FollowedTopics(cluster, nodes, []);
    for (let n = 0; n < TOPICS; n++) {
      const name = `topic/${n}`;
      const followers = await Promise.all(nodes.map(({ broker }) => Follower.start(broker, name, all.ledger)));
      all.topics.push({ name, followers, writer: new Writer(nodes[0].broker, name, all.ledger, name), published: 0 });
    }
    return all;
  }

  /** The topics whose keys lie on a master, and the others. */
  async split(server: RedisServer): Promise<{ on: Followed[]; off: Followed[] }> {
    const slots = new Set(await this.cluster.slotsOf(server));
    return this.splitBySlot((slot) => slots.has(slot));
  }

  async splitBySlot(isOn: (slot: number) => boolean): Promise<{ on: Followed[]; off: Followed[] }> {
    const split = { on: [] as Followed[], off: [] as Followed[] };
    for (const topic of this.topics) {
      const slot = await this.cluster.slotOf(keys.topic(topic.name).record);
      (isOn(slot) ? split.on : split.off).push(topic);
    }
    return split;
  }

  /** Publishes 10 values a second to each topic while the work goes on, and waits for all answers. */
  async publishDuring(work: () => Promise<void>): Promise<void> {
    const timer = setInterval(() => this.topics.forEach((topic) => this.publish(topic)), INTERVAL_MS);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    await Promise.all(this.pending);
  }

  /** Waits until all followers show the last value that was published. */
  async untilNewest(): Promise<void> {
    for (const topic of this.topics) {
      await untilEqual(topic.followers);
      await until(
        () => topic.followers.every(({ value }) => JSON.stringify(value) === JSON.stringify(valueAt(topic.published))),
        `the newest value of ${topic.name}`,
      );
    }
  }

  async dispose(): Promise<void> {
    for (const node of this.nodes) await node.dispose();
  }

  private publish(topic: Followed): void {
    const publishing = topic.writer.publish(valueAt((topic.published += 1)));
    this.pending.push(
      publishing.then(
        () => undefined,
        (error: unknown) => void this.rejected.push(error),
      ),
    );
  }
}

/** The number of interruptions of all followers. */
export function interruptionsOf(topics: readonly Followed[]): number {
  return topics.flatMap(({ followers }) => followers).reduce((sum, { interruptions }) => sum + interruptions, 0);
}

/** The epochs of the topics. */
export function epochsOf(topics: readonly Followed[]): readonly string[] {
  return topics.flatMap(({ followers }) => followers.map(({ epoch }) => epoch));
}

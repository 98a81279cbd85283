import type { Environment, PresenceMember } from '@statewire/nest';
import type { Nodes } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';

import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { presenceScripts } from './scripts/node-scripts.js';

/** Time after which the server forgets the members of a topic, unless a node renews them. */
const TTL_MS = 120_000;
const RENEW_AFTER_MS = 30_000;

/** The members of topics. This node remembers its own, and repeats them after the server was away. */
export class Presence {
  private readonly own = new Map<string, Map<string, Json>>();
  /** Members that left while the server was out of reach. */
  private readonly left = new Map<string, Set<string>>();
  private renewedAt: number;
  /** Number of times that this node came back. */
  private returns = 0;

  constructor(
    private readonly nodes: Nodes,
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
    private readonly environment: Pick<Environment, 'monotonic'>,
  ) {
    this.renewedAt = environment.monotonic();
  }

  get size(): number {
    return this.own.size + this.left.size;
  }

  async join(topic: string, { id, info }: PresenceMember): Promise<void> {
    const members = this.own.get(topic) ?? new Map<string, Json>();
    this.own.set(topic, members.set(id, info));
    this.left.get(topic)?.delete(id);
    // While the server is out of reach, the join is remembered.
    if (this.isUp(topic)) await this.send(topic, [[id, info]], 'join').catch(this.throwIfUp(topic));
  }

  async leave(topic: string, id: string): Promise<void> {
    this.forget(topic, id);
    const left = this.left.get(topic) ?? new Set<string>();
    this.left.set(topic, left.add(id));
    if (this.isUp(topic)) await this.sendLeft(topic, [id]).catch(this.throwIfUp(topic));
  }

  async members(topic: string): Promise<readonly PresenceMember[]> {
    const { partition, presence } = this.keys.topic(topic);
    const reply = await this.link.run({ script: presenceScripts.members, partition, keys: [presence], args: [] });
    const members: PresenceMember[] = [];
    const ended: string[] = [];
    const looks = new Map<string, Promise<boolean>>();
    const list = reply as string[];
    for (let at = 0; at < list.length; at += 2) {
      const [id, value] = list.slice(at, at + 2) as [string, string];
      const end = value.indexOf('\n');
      const node = value.slice(0, value.indexOf('.'));
      const look = looks.get(node) ?? this.nodes.hasEnded(node);
      looks.set(node, look);
      if (await look) ended.push(id, value);
      else members.push({ id, info: JSON.parse(value.slice(end + 1)) as Json });
    }
    if (ended.length > 0) {
      await this.link.run({ script: presenceScripts.expel, partition, keys: [presence], args: ended });
    }
    return members;
  }

  /** Repeats the members of this node in partitions that are back, and those that left meanwhile. */
  async restore(partitions: readonly number[]): Promise<void> {
    this.returns += 1;
    const isBack = ([topic]: readonly [string, unknown]): boolean =>
      partitions.includes(this.keys.topic(topic).partition);
    const sent = [...this.own].filter(isBack).map(([topic, members]) => this.send(topic, [...members], 'repeat'));
    const left = [...this.left].filter(isBack).map(([topic, ids]) => this.sendLeft(topic, [...ids]));
    await Promise.all([...sent, ...left]);
  }

  /** Renews the members of this node from time to time, and repeats those that the server has lost. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    const byPartition = new Map<number, string[]>();
    for (const topic of this.own.keys()) {
      const { partition } = this.keys.topic(topic);
      if (this.link.isUp(partition)) byPartition.set(partition, [...(byPartition.get(partition) ?? []), topic]);
    }
    await Promise.all([...byPartition].map(([partition, topics]) => this.renewSome(partition, topics)));
  }

  /** Takes the members of this node out. */
  async dispose(): Promise<void> {
    const topics = [...this.own].map(([topic, members]) => this.sendLeft(topic, [...members.keys()]));
    this.own.clear();
    await Promise.all(topics);
    this.left.clear();
  }

  private async renewSome(partition: number, topics: readonly string[]): Promise<void> {
    const keys = topics.map((topic) => this.keys.topic(topic).presence);
    const reply = await this.link.run({ script: presenceScripts.keep, partition, keys, args: [String(TTL_MS)] });
    const gone = topics.filter((_, index) => (reply as number[])[index] === 0);
    await Promise.all(gone.map((topic) => this.send(topic, [...(this.own.get(topic) ?? [])], 'repeat')));
  }

  private async send(topic: string, members: [string, Json][], mode: 'join' | 'repeat'): Promise<void> {
    if (members.length === 0) return;
    const { partition, presence } = this.keys.topic(topic);
    const list = members.flatMap(([id, info]) => [id, JSON.stringify(info)]);
    const args = [String(TTL_MS), this.nodes.id, String(this.returns), mode, ...list];
    await this.link.run({ script: presenceScripts.join, partition, keys: [presence], args });
  }

  private async sendLeft(topic: string, ids: readonly string[]): Promise<void> {
    const { partition, presence } = this.keys.topic(topic);
    await this.link.run({ script: presenceScripts.leave, partition, keys: [presence], args: ids });
    const left = this.left.get(topic);
    for (const id of ids) left?.delete(id);
    if (left?.size === 0) this.left.delete(topic);
  }

  private forget(topic: string, id: string): void {
    const members = this.own.get(topic);
    members?.delete(id);
    if (members?.size === 0) this.own.delete(topic);
  }

  /** A change that the end of the connection interrupted is repeated on the next one. */
  private throwIfUp(topic: string): (error: unknown) => void {
    return (error) => {
      if (this.isUp(topic)) throw error;
    };
  }

  private isUp(topic: string): boolean {
    return this.link.isUp(this.keys.topic(topic).partition);
  }
}

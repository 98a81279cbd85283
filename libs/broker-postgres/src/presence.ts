import type { Environment, PresenceMember } from '@statewire/nest';
import type { Nodes } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';

import type { PostgresLink } from './link.js';
import { digestOf } from './names.js';

/** Time after which the server forgets members, unless their node renews them. */
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
    private readonly link: Pick<PostgresLink, 'run' | 'up'>,
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
    if (this.link.up) await this.send([[topic, id, info]], false).catch((error: unknown) => this.throwIfUp(error));
  }

  async leave(topic: string, id: string): Promise<void> {
    this.forget(topic, id);
    const left = this.left.get(topic) ?? new Set<string>();
    this.left.set(topic, left.add(id));
    if (this.link.up) await this.sendLeft([[topic, id]]).catch((error: unknown) => this.throwIfUp(error));
  }

  async members(topic: string): Promise<readonly PresenceMember[]> {
    const rows = await this.link.run('members', topic);
    const ended = new Map<string, number>();
    for (const { life, node } of rows) ended.set(String(node), Number(life));
    for (const node of [...ended.keys()]) if (!(await this.nodes.hasEnded(node))) ended.delete(node);
    await Promise.all([...ended].map(([node, life]) => this.link.run('expel', topic, node, life)));
    const present = rows.filter(({ node }) => !ended.has(String(node)));
    return present.map(({ member }) => JSON.parse(String(member)) as PresenceMember);
  }

  /** Repeats the members of this node on a new connection, and those that left meanwhile. */
  async restore(): Promise<void> {
    this.returns += 1;
    const left = [...this.left].flatMap(([topic, ids]) => [...ids].map((id) => [topic, id] as const));
    await Promise.all([this.send(this.all, true), this.sendLeft(left)]);
  }

  /** Renews the members of this node from time to time, and repeats them if the server has lost some. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    const { all } = this;
    if (all.length === 0) return;
    const [row] = await this.link.run('keep_members', this.nodes.id, TTL_MS);
    if (Number(row?.keep_members) < all.length) await this.send(all, true);
  }

  /** Takes the members of this node out. */
  async dispose(): Promise<void> {
    const all = this.all.map(([topic, id]) => [topic, id] as const);
    this.own.clear();
    await this.sendLeft(all);
    this.left.clear();
  }

  private get all(): readonly (readonly [topic: string, id: string, info: Json])[] {
    return [...this.own].flatMap(([topic, members]) => [...members].map(([id, info]) => [topic, id, info] as const));
  }

  private async send(
    members: readonly (readonly [topic: string, id: string, info: Json])[],
    isRepeated: boolean,
  ): Promise<void> {
    if (members.length === 0) return;
    const items = members.map(([topic, id, info]) => ({
      ...{ topic, key: digestOf(id) },
      member: JSON.stringify({ id, info }),
    }));
    await this.link.run('join', this.nodes.id, this.returns, JSON.stringify(items), isRepeated, TTL_MS);
  }

  private async sendLeft(members: readonly (readonly [topic: string, id: string])[]): Promise<void> {
    if (members.length === 0) return;
    const items = members.map(([topic, id]) => ({ topic, key: digestOf(id) }));
    await this.link.run('leave', JSON.stringify(items));
    for (const [topic, id] of members) {
      const left = this.left.get(topic);
      left?.delete(id);
      if (left?.size === 0) this.left.delete(topic);
    }
  }

  private forget(topic: string, id: string): void {
    const members = this.own.get(topic);
    members?.delete(id);
    if (members?.size === 0) this.own.delete(topic);
  }

  /** A change that the end of the connection interrupted is repeated on the next one. */
  private throwIfUp(error: unknown): void {
    if (this.link.up) throw error;
  }
}

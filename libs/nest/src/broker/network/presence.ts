import type { Json } from '@statewire/protocol';

import type { PresenceMember } from '../../core/broker.js';
import type { Environment } from '../../core/environment.js';
import type { Nodes } from './nodes.js';

/** Time after which the server forgets members, unless their node renews them. */
const TTL_MS = 120_000;
const RENEW_AFTER_MS = 30_000;

/** A member of a topic. */
export interface TopicMember {
  /** Name of the topic. */
  readonly topic: string;
  /** Id of the member. */
  readonly id: string;
  /** Info of the member. */
  readonly info: Json;
}

/** A member as a server keeps it. */
export interface StoredMember extends PresenceMember {
  /** The node that added the member. */
  readonly node: string;
  /** Tells the store which entry it is, so that it expels no newer one of the same member. */
  readonly entry: string;
}

/** The members that are added with one call. */
export interface JoiningMembers {
  /** The members. */
  readonly members: readonly TopicMember[];
  /** Number of times that this node came back, so that others do not expel what it repeats. */
  readonly returns: number;
  /** A repeated member does not replace the same member of another node. */
  readonly isRepeated: boolean;
}

/** The members of all nodes, as a server keeps them. */
export interface PresenceStore {
  /** Whether calls for a topic can be made now. */
  isUp(topic: string): boolean;
  /** Splits members into those of one call. */
  split<Member extends { readonly topic: string }>(members: readonly Member[]): readonly (readonly Member[])[];
  /** Adds members of one call for `ttlMs`. */
  join(joining: JoiningMembers, ttlMs: number): Promise<void>;
  /** Removes members of one call. */
  leave(members: readonly Pick<TopicMember, 'topic' | 'id'>[]): Promise<void>;
  /** Returns the members of a topic. */
  members(topic: string): Promise<readonly StoredMember[]>;
  /** Removes members whose node has ended. */
  expel(topic: string, members: readonly StoredMember[]): Promise<void>;
  /** Keeps the members of this node for another `ttlMs`. Resolves with those that may be lost. */
  keep(members: readonly TopicMember[], ttlMs: number): Promise<readonly TopicMember[]>;
}

/** The members of topics. This node remembers its own, and repeats them after the server was away. */
export class Presence {
  private readonly own = new Map<string, Map<string, Json>>();
  /** Members that left while the server was out of reach. */
  private readonly left = new Map<string, Set<string>>();
  private renewedAt: number;
  private returns = 0;

  /** Creates the presence of a node without members. */
  constructor(
    private readonly nodes: Pick<Nodes, 'hasEnded'>,
    private readonly store: PresenceStore,
    private readonly environment: Pick<Environment, 'monotonic'>,
  ) {
    this.renewedAt = environment.monotonic();
  }

  /** Number of topics with members of this node, and of topics that some left while the server was out of reach. */
  get size(): number {
    return this.own.size + this.left.size;
  }

  /** Does what `Broker.join` describes. */
  async join(topic: string, { id, info }: PresenceMember): Promise<void> {
    const members = this.own.get(topic) ?? new Map<string, Json>();
    this.own.set(topic, members.set(id, info));
    this.left.get(topic)?.delete(id);
    // While the server is out of reach, the join is remembered.
    if (this.store.isUp(topic)) await this.send([{ topic, id, info }], false).catch(this.throwIfUp(topic));
  }

  /** Does what `Broker.leave` describes. */
  async leave(topic: string, id: string): Promise<void> {
    this.forget(topic, id);
    const left = this.left.get(topic) ?? new Set<string>();
    this.left.set(topic, left.add(id));
    if (this.store.isUp(topic)) await this.sendLeft([{ topic, id }]).catch(this.throwIfUp(topic));
  }

  /** Does what `Broker.members` describes. */
  async members(topic: string): Promise<readonly PresenceMember[]> {
    const members = await this.store.members(topic);
    const ended = await this.endedOf(new Set(members.map(({ node }) => node)));
    const gone = members.filter(({ node }) => ended.has(node));
    if (gone.length > 0) await this.store.expel(topic, gone);
    return members.filter(({ node }) => !ended.has(node)).map(({ id, info }) => ({ id, info }));
  }

  /** Repeats the members of this node in the topics whose server is back, and those that left meanwhile. */
  async restore(isBack: (topic: string) => boolean): Promise<void> {
    this.returns += 1;
    const left = [...this.left].flatMap(([topic, ids]) => [...ids].map((id) => ({ topic, id })));
    const sent = this.send(
      this.all.filter(({ topic }) => isBack(topic)),
      true,
    );
    await Promise.all([sent, this.sendLeft(left.filter(({ topic }) => isBack(topic)))]);
  }

  /** Renews the members of this node from time to time, and repeats those that the server has lost. */
  async renew(): Promise<void> {
    const now = this.environment.monotonic();
    if (now - this.renewedAt < RENEW_AFTER_MS) return;
    this.renewedAt = now;
    const members = this.all.filter(({ topic }) => this.store.isUp(topic));
    if (members.length > 0) await this.send(await this.store.keep(members, TTL_MS), true);
  }

  /** Takes the members of this node out. */
  async dispose(): Promise<void> {
    const { all } = this;
    this.own.clear();
    await this.sendLeft(all);
    this.left.clear();
  }

  private async endedOf(nodes: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const ended = await Promise.all([...nodes].map(async (node) => ((await this.nodes.hasEnded(node)) ? [node] : [])));
    return new Set(ended.flat());
  }

  private get all(): readonly TopicMember[] {
    return [...this.own].flatMap(([topic, members]) => [...members].map(([id, info]) => ({ topic, id, info })));
  }

  private async send(members: readonly TopicMember[], isRepeated: boolean): Promise<void> {
    const { returns } = this;
    const calls = this.store
      .split(members)
      .map((some) => this.store.join({ members: some, returns, isRepeated }, TTL_MS));
    await Promise.all(calls);
  }

  private async sendLeft(members: readonly Pick<TopicMember, 'topic' | 'id'>[]): Promise<void> {
    const calls = this.store.split(members).map(async (some) => {
      await this.store.leave(some);
      for (const { topic, id } of some) {
        const left = this.left.get(topic);
        left?.delete(id);
        if (left?.size === 0) this.left.delete(topic);
      }
    });
    await Promise.all(calls);
  }

  private forget(topic: string, id: string): void {
    const members = this.own.get(topic);
    members?.delete(id);
    if (members?.size === 0) this.own.delete(topic);
  }

  /** A change that the end of the connection interrupted is repeated on the next one. */
  private throwIfUp(topic: string): (error: unknown) => void {
    return (error) => {
      if (this.store.isUp(topic)) throw error;
    };
  }
}

import type { JoiningMembers, PresenceStore, StoredMember, TopicMember } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';

import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { presenceScripts } from './scripts/node-scripts.js';

/** The members in Redis, one hash for each topic. A call is for one topic. */
export class RedisPresenceStore implements PresenceStore {
  constructor(
    private readonly node: string,
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
  ) {}

  isUp(topic: string): boolean {
    return this.link.isUp(this.keys.topic(topic).partition);
  }

  split<Member extends { readonly topic: string }>(members: readonly Member[]): readonly (readonly Member[])[] {
    return [...groupedBy(members, ({ topic }) => topic).values()];
  }

  async join({ members, returns, isRepeated }: JoiningMembers, ttlMs: number): Promise<void> {
    const list = members.flatMap(({ id, info }) => [id, JSON.stringify(info)]);
    const mode = isRepeated ? 'repeat' : 'join';
    await this.run('join', members[0]!.topic, String(ttlMs), this.node, String(returns), mode, ...list);
  }

  async leave(members: readonly Pick<TopicMember, 'topic' | 'id'>[]): Promise<void> {
    await this.run('leave', members[0]!.topic, ...members.map(({ id }) => id));
  }

  async members(topic: string): Promise<readonly StoredMember[]> {
    const list = (await this.run('members', topic)) as string[];
    const members: StoredMember[] = [];
    for (let at = 0; at < list.length; at += 2) {
      const [id, entry] = list.slice(at, at + 2) as [string, string];
      const node = entry.slice(0, entry.indexOf('.'));
      members.push({ id, info: JSON.parse(entry.slice(entry.indexOf('\n') + 1)) as Json, node, entry });
    }
    return members;
  }

  async expel(topic: string, members: readonly StoredMember[]): Promise<void> {
    await this.run('expel', topic, ...members.flatMap(({ id, entry }) => [id, entry]));
  }

  async keep(members: readonly TopicMember[], ttlMs: number): Promise<readonly TopicMember[]> {
    const byPartition = groupedBy(members, ({ topic }) => this.keys.topic(topic).partition);
    const kept = await Promise.allSettled(
      [...byPartition].map(([partition, some]) => this.keepIn(partition, some, ttlMs)),
    );
    return kept.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  private async keepIn(
    partition: number,
    members: readonly TopicMember[],
    ttlMs: number,
  ): Promise<readonly TopicMember[]> {
    const topics = [...new Set(members.map(({ topic }) => topic))];
    const keys = topics.map((topic) => this.keys.topic(topic).presence);
    const reply = await this.link.run({ script: presenceScripts.keep, partition, keys, args: [String(ttlMs)] });
    const gone = new Set(topics.filter((_, index) => (reply as number[])[index] === 0));
    return members.filter(({ topic }) => gone.has(topic));
  }

  private async run(script: keyof typeof presenceScripts, topic: string, ...args: readonly string[]): Promise<unknown> {
    const { partition, presence } = this.keys.topic(topic);
    return this.link.run({ script: presenceScripts[script], partition, keys: [presence], args });
  }
}

function groupedBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  return groups;
}

import type { PresenceMember } from '@statewire/nest';
import type { JoiningMembers, PresenceStore, StoredMember, TopicMember } from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';
import { digestOf } from './names.js';

/** The members in a table of PostgreSQL. A call is for any number of topics. */
export class PostgresPresenceStore implements PresenceStore {
  constructor(
    private readonly node: string,
    private readonly link: Pick<PostgresLink, 'run' | 'up'>,
  ) {}

  isUp(): boolean {
    return this.link.up;
  }

  split<Member>(members: readonly Member[]): readonly (readonly Member[])[] {
    return members.length === 0 ? [] : [members];
  }

  async join({ members, returns, isRepeated }: JoiningMembers, ttlMs: number): Promise<void> {
    const items = members.map(({ topic, id, info }) => ({
      ...{ topic, key: digestOf(id) },
      member: JSON.stringify({ id, info } satisfies PresenceMember),
    }));
    await this.link.run('join', this.node, returns, JSON.stringify(items), isRepeated, ttlMs);
  }

  async leave(members: readonly Pick<TopicMember, 'topic' | 'id'>[]): Promise<void> {
    const items = members.map(({ topic, id }) => ({ topic, key: digestOf(id) }));
    await this.link.run('leave', JSON.stringify(items));
  }

  async members(topic: string): Promise<readonly StoredMember[]> {
    const rows = await this.link.run('members', topic);
    return rows.map(({ life, member, node }) => ({
      ...(JSON.parse(String(member)) as PresenceMember),
      ...{ node: String(node), entry: String(life) },
    }));
  }

  async expel(topic: string, members: readonly StoredMember[]): Promise<void> {
    const lives = new Map(members.map(({ node, entry }) => [`${node} ${entry}`, { node, entry }]));
    await Promise.all([...lives.values()].map(({ node, entry }) => this.link.run('expel', topic, node, Number(entry))));
  }

  async keep(members: readonly TopicMember[], ttlMs: number): Promise<readonly TopicMember[]> {
    const [row] = await this.link.run('keep_members', this.node, ttlMs);
    // The server counts those that it has, and does not tell which.
    return Number(row?.keep_members) < members.length ? members : [];
  }
}

import { createHash } from 'node:crypto';

import type { Json, Presence, PresentMember } from '@statewire/protocol';

import type { PresenceMember } from '../core/broker.js';
import type { CallerContext } from '../core/realtime-request.js';

/** A member of a topic as one node reports it to the broker. Several nodes may report the same member. */
export interface MemberRecord {
  /** Random id that readers see. */
  readonly id: string;
  /** Equal for one member on every node. Stays on servers, because a client could confirm a guessed user id with it. */
  readonly key: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  readonly info?: Json;
}

/** A user counts once however many clients it has; a client without one counts for itself. */
export function memberKey({ identity, clientId }: Pick<CallerContext, 'identity' | 'clientId'>): string {
  const who = identity === undefined ? ['client', clientId] : ['user', identity.id];
  return createHash('sha256').update(JSON.stringify(who)).digest('base64url');
}

export function toPresenceMember({ id, ...info }: MemberRecord): PresenceMember {
  return { id, info };
}

/** @returns undefined for anything else: a node of another version may have written it. */
export function readPresenceMember({ id, info: stored }: PresenceMember): MemberRecord | undefined {
  if (typeof stored !== 'object' || stored === null || !('key' in stored)) return undefined;
  const { key, since, info } = stored;
  if (typeof key !== 'string' || typeof since !== 'number') return undefined;
  return { id, key, since, ...(info === undefined ? {} : { info }) };
}

/** One member, merged from the records of all nodes. */
interface ListedMember {
  id: string;
  since: number;
  info: Json | undefined;
  /** `since` of the record that `info` comes from. */
  infoSince: number;
}

/**
 * The list of a presence topic. A member keeps its place; the next member takes the place of one that leaves. So a
 * change of the list changes few of its elements.
 */
export class MemberList {
  private places: string[] = [];
  private members: ReadonlyMap<string, ListedMember> = new Map();

  /** @param limit largest number of members in the list; 0: the list is empty. */
  constructor(private readonly limit: number) {}

  update(records: readonly MemberRecord[]): Presence<Json> {
    this.members = this.merge(records);
    this.fill();
    return { count: this.members.size, members: this.places.map((key) => toPresentMember(this.members.get(key)!)) };
  }

  /** Merges all records of one member. The member keeps the id that readers have seen. */
  private merge(records: readonly MemberRecord[]): Map<string, ListedMember> {
    const members = new Map<string, ListedMember>();
    for (const { id: own, key, since, info } of records) {
      const id = this.members.get(key)?.id ?? own;
      const existing = members.get(key);
      if (existing === undefined) {
        members.set(key, { id, since, info, infoSince: since });
        continue;
      }
      if (since < existing.since) Object.assign(existing, { id, since });
      if (since > existing.infoSince) Object.assign(existing, { info, infoSince: since });
    }
    return members;
  }

  private fill(): void {
    const listed = new Set(this.places);
    const named: string[] = [];
    const nameless: string[] = [];
    for (const [key, { info }] of this.members) {
      if (!listed.has(key)) (info === undefined ? nameless : named).push(key);
    }
    // The first comes first. Reversed, because removing from the end of an array costs nothing.
    named.reverse();
    nameless.reverse();
    const next = (): string | undefined => named.pop() ?? nameless.pop();
    const kept = this.places.flatMap((key) => (this.members.has(key) ? key : (next() ?? [])));
    while (kept.length < this.limit) {
      const key = next();
      if (key === undefined) break;
      kept.push(key);
    }
    this.places = kept;
    this.promote(named);
  }

  /** Members with an info replace listed members without one. */
  private promote(named: string[]): void {
    for (let place = this.places.length - 1; place >= 0 && named.length > 0; place--) {
      if (this.members.get(this.places[place]!)?.info === undefined) this.places[place] = named.pop()!;
    }
  }
}

function toPresentMember({ id, info }: ListedMember): PresentMember<Json> {
  return info === undefined ? { id } : { id, info };
}

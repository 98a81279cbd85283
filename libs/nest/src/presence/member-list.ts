import type { Json, Presence, PresentMember } from '@statewire/protocol';

import type { MemberRecord } from './member-record.js';

/** One member, whichever nodes know it. */
interface Member {
  id: string;
  since: number;
  info: Json | undefined;
  /** Since when the record stands that `info` is of. */
  told: number;
}

/**
 * Who is listed, and in which place. Whoever is listed keeps the place, and whoever leaves has it taken by the next, so
 * that a change of the list is a change of few of its elements, however many come and go.
 */
export class MemberList {
  private places: string[] = [];
  private ids = new Map<string, string>();

  /** @param limit of members that are listed; 0: none. */
  constructor(private readonly limit: number) {}

  update(records: readonly MemberRecord[]): Presence<Json> {
    const members = this.merge(records);
    this.ids = new Map([...members].map(([key, { id }]) => [key, id]));
    this.fill(members);
    return { count: members.size, members: this.places.map((key) => shown(members.get(key)!)) };
  }

  /** One member of all its records. It keeps the id that readers know it by. */
  private merge(records: readonly MemberRecord[]): Map<string, Member> {
    const members = new Map<string, Member>();
    for (const { id, key, since, info } of records) {
      const known = members.get(key);
      if (known === undefined) {
        members.set(key, { id: this.ids.get(key) ?? id, since, info, told: since });
        continue;
      }
      if (since < known.since) Object.assign(known, { id: this.ids.get(key) ?? id, since });
      if (since > known.told) Object.assign(known, { info, told: since });
    }
    return members;
  }

  private fill(members: ReadonlyMap<string, Member>): void {
    const listed = new Set(this.places);
    const waiting = [...members].filter(([key]) => !listed.has(key)).sort(([, a], [, b]) => rank(a, b));
    const next = (): string | undefined => waiting.shift()?.[0];
    const kept = this.places.flatMap((key) => (members.has(key) ? [key] : (next() ?? [])));
    while (kept.length < this.limit && waiting.length > 0) kept.push(next()!);
    this.places = kept;
    this.promote(members, waiting);
  }

  /** Who is shown as somebody takes the place of who is not. */
  private promote(members: ReadonlyMap<string, Member>, waiting: readonly (readonly [string, Member])[]): void {
    const named = waiting.filter(([, { info }]) => info !== undefined);
    for (let place = this.places.length - 1; place >= 0 && named.length > 0; place--) {
      if (members.get(this.places[place]!)?.info === undefined) this.places[place] = named.shift()![0];
    }
  }
}

function rank(a: Member, b: Member): number {
  return Number(a.info === undefined) - Number(b.info === undefined) || a.since - b.since;
}

function shown({ id, info }: Member): PresentMember<Json> {
  return info === undefined ? { id } : { id, info };
}

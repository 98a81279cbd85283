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
  private members: ReadonlyMap<string, Member> = new Map();

  /** @param limit of members that are listed; 0: none. */
  constructor(private readonly limit: number) {}

  update(records: readonly MemberRecord[]): Presence<Json> {
    this.members = this.merge(records);
    this.fill();
    return { count: this.members.size, members: this.places.map((key) => shown(this.members.get(key)!)) };
  }

  /** One member of all its records. It keeps the id that readers know it by. */
  private merge(records: readonly MemberRecord[]): Map<string, Member> {
    const members = new Map<string, Member>();
    for (const { id: own, key, since, info } of records) {
      const id = this.members.get(key)?.id ?? own;
      const known = members.get(key);
      if (known === undefined) {
        members.set(key, { id, since, info, told: since });
        continue;
      }
      if (since < known.since) Object.assign(known, { id, since });
      if (since > known.told) Object.assign(known, { info, told: since });
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
    // Who came first is taken first, from the end, where it costs nothing.
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

  /** Who is shown as somebody takes the place of who is not. */
  private promote(named: string[]): void {
    for (let place = this.places.length - 1; place >= 0 && named.length > 0; place--) {
      if (this.members.get(this.places[place]!)?.info === undefined) this.places[place] = named.pop()!;
    }
  }
}

function shown({ id, info }: Member): PresentMember<Json> {
  return info === undefined ? { id } : { id, info };
}

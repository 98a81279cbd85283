import { describe, expect, test } from '@jest/globals';
import { diff, type Json } from '@statewire/protocol';

import { MemberList, type MemberRecord } from './member-list.js';

/** The n-th member. */
function nth(n: number, info?: Json): MemberRecord {
  return { id: `id-${n}`, key: `key-${n}`, since: n, ...(info === undefined ? {} : { info }) };
}

function crowd(count: number, info?: Json): MemberRecord[] {
  return Array.from({ length: count }, (_, n) => nth(n, info));
}

const idsOf = ({ members }: { readonly members: readonly { readonly id: string }[] }) => members.map(({ id }) => id);

describe('MemberList', () => {
  test('counts all members and lists the first ones', () => {
    const list = new MemberList(2);
    expect(list.update(crowd(3))).toEqual({ count: 3, members: [{ id: 'id-0' }, { id: 'id-1' }] });
    expect(new MemberList(0).update(crowd(3))).toEqual({ count: 3, members: [] });
    expect(list.update([])).toEqual({ count: 0, members: [] });
  });

  test('counts a member of several nodes once, with its newest data', () => {
    const list = new MemberList(10);
    const here = { ...nth(1, 'Ann'), id: 'here' };
    const there = { ...nth(1, 'Anna'), id: 'there', since: 9 };
    expect(list.update([there, here])).toEqual({ count: 1, members: [{ id: 'here', info: 'Anna' }] });
    expect(list.update([there])).toEqual({ count: 1, members: [{ id: 'here', info: 'Anna' }] });
    expect(list.update([])).toEqual({ count: 0, members: [] });
    expect(idsOf(list.update([there]))).toEqual(['there']);
  });

  test('lists members with data before members without', () => {
    const list = new MemberList(2);
    expect(idsOf(list.update(crowd(4)))).toEqual(['id-0', 'id-1']);
    const named = [...crowd(4), nth(8, 'Ann')];
    expect(idsOf(list.update(named))).toEqual(['id-0', 'id-8']);
    const more = [...named, nth(9, 'Ben'), nth(10, 'Cid')];
    expect(idsOf(list.update(more))).toEqual(['id-9', 'id-8']);
  });

  test('keeps the order of members, so a change is a small delta', () => {
    const list = new MemberList(100);
    const members = crowd(10_000, { name: 'somebody' });
    const before = list.update(members);
    members.splice(50, 1);
    const after = list.update(members);
    expect(after.count).toBe(9_999);
    const moved = after.members.filter(({ id }, place) => id !== before.members[place]?.id);
    expect(moved.map(({ id }) => id)).toEqual(['id-100']);
    const delta = diff(before as unknown as Json, after as unknown as Json);
    expect(JSON.stringify(delta).length).toBeLessThan(120);
  });

  test('closes a gap if no member waits for a place', () => {
    const list = new MemberList(100);
    list.update(crowd(4));
    expect(idsOf(list.update(crowd(4).filter(({ since }) => since !== 1)))).toEqual(['id-0', 'id-2', 'id-3']);
  });
});

import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { MemoryClaims } from './memory-claims.js';

function create(limits: { count: number; size: number }) {
  const environment = new VirtualEnvironment();
  return { environment, claims: new MemoryClaims(environment, limits) };
}

function code(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

describe('MemoryClaims', () => {
  describe('after a restart of the process', () => {
    const WINDOW = 120_000;

    function restarted() {
      const environment = new VirtualEnvironment();
      return { environment, claims: new MemoryClaims(environment, { count: 0, size: 0 }, WINDOW) };
    }

    test('an action that the client has sent before is lost, because the process before may have run it', async () => {
      const { environment, claims } = restarted();
      await environment.advance(WINDOW - 1);
      expect(claims.claim('1', 'f', { again: true })).toEqual({ outcome: 'lost' });
      expect(claims.claim('1', 'f', { again: false }).outcome).toBe('claimed');
      expect(claims.claim('1', 'f', { again: true }).outcome).toBe('running');
      await environment.advance(1);
      expect(claims.claim('2', 'f', { again: true }).outcome).toBe('claimed');
    });

    test('an action that the client sent for the first time after the restart runs', async () => {
      const { environment, claims } = restarted();
      await environment.advance(5_000);
      expect(claims.claim('1', 'f', { again: true, ageMs: 5_000 }).outcome).toBe('lost');
      expect(claims.claim('1', 'f', { again: true, ageMs: 4_999 }).outcome).toBe('claimed');
      await environment.advance(WINDOW);
      expect(claims.claim('2', 'f', { again: true, ageMs: WINDOW + 5_001 }).outcome).toBe('lost');
    });
  });

  test('one caller may use a tenth of what is free of half the actions, and others are still accepted', () => {
    const { claims } = create({ count: 100, size: 0 });
    for (let id = 0; id < 5; id++) claims.claim(`mallory ${id}`, 'f', { caller: 'address 192.0.2.1' });
    expect(code(() => claims.claim('mallory 5', 'f', { caller: 'address 192.0.2.1' }))).toBe('quota_exceeded');
    expect(claims.claim('alice', 'f', { caller: 'user alice' })).toEqual({ outcome: 'claimed' });
    expect(claims.claim('mallory 0', 'f', { caller: 'address 192.0.2.1' }).outcome).toBe('running');
  });

  test('one caller may use a tenth of what is free of half the answers', () => {
    const { claims } = create({ count: 0, size: 100 });
    claims.claim('1', 'f', { caller: 'user mallory' });
    claims.settle('1', 'x'.repeat(10), 1_000);
    expect(code(() => claims.claim('2', 'f', { caller: 'user mallory' }))).toBe('quota_exceeded');
    expect(claims.claim('3', 'f', { caller: 'user alice' }).outcome).toBe('claimed');
  });

  test('released and expired claims free the quota of the caller', async () => {
    const { claims, environment } = create({ count: 40, size: 0 });
    claims.claim('1', 'f', { caller: 'user ann' });
    claims.claim('2', 'f', { caller: 'user ann' });
    expect(code(() => claims.claim('3', 'f', { caller: 'user ann' }))).toBe('quota_exceeded');
    claims.unclaim('1');
    claims.claim('3', 'f', { caller: 'user ann' });
    for (const key of ['2', '3']) claims.settle(key, 'answer', 1_000);
    expect(code(() => claims.claim('4', 'f', { caller: 'user ann' }))).toBe('quota_exceeded');
    await environment.advance(20_000);
    expect({ claims: claims.size, callers: claims.callers }).toEqual({ claims: 0, callers: 0 });
  });

  test('ten callers can fill the memory, and then all are rejected', () => {
    const { claims } = create({ count: 10, size: 0 });
    for (let caller = 0; caller < 10; caller++) claims.claim(`${caller}`, 'f', { caller: `user ${caller}` });
    expect(code(() => claims.claim('alice', 'f', { caller: 'user alice' }))).toBe('full');
  });

  test('forgets the answers that a client has, at once, and ignores running and unknown keys', () => {
    const { claims } = create({ count: 1_000, size: 1_000 });
    for (const key of ['1', '2', '3']) claims.claim(key, 'f', { caller: 'user ann', client: 'tab' });
    claims.settle('1', 'answer', 1_000);
    claims.settle('2', 'answer', 1_000);
    claims.forget(['1', '3', 'other']);
    expect(claims.size).toBe(2);
    expect(claims.claim('3', 'f').outcome).toBe('running');
    claims.settle('3', 'answer', 1_000);
    claims.forget(['1', '2', '3']);
    expect({ claims: claims.size, callers: claims.callers }).toEqual({ claims: 0, callers: 0 });
  });

  test('a copy of an action that arrives within 10 s after its answer was confirmed does not run', async () => {
    const { claims, environment } = create({ count: 1_000, size: 1_000 });
    claims.claim('1', 'f', { caller: 'user ann', client: 'tab' });
    claims.settle('1', 'answer', 120_000);
    claims.forget(['1']);
    await environment.advance(9_999);
    expect(claims.claim('1', 'f', { caller: 'user ann', client: 'tab' }).outcome).toBe('lost');
    expect(claims.size).toBe(0);
    await environment.advance(1);
    expect(claims.claim('1', 'f', { caller: 'user ann', client: 'tab' }).outcome).toBe('claimed');
  });

  test('remembers the newest 100,000 confirmed actions when there are more within 10 s, and forgets all in the end', async () => {
    const { claims, environment } = create({ count: 0, size: 0 });
    const confirm = (key: string): void => {
      claims.claim(key, 'f');
      claims.settle(key, 'answer', 120_000);
      claims.forget([key]);
    };
    for (let n = 0; n < 300_000; n += 1) confirm(`${n}`);
    expect(claims.claim('200000', 'f').outcome).toBe('lost');
    expect(claims.claim('299999', 'f').outcome).toBe('lost');
    expect(claims.claim('0', 'f').outcome).toBe('claimed');
    claims.unclaim('0');
    await environment.advance(40_000);
    expect(environment.timers).toBe(0);
    expect(claims.claim('299999', 'f').outcome).toBe('claimed');
  });

  test('every caller that waits for a running action gets its answer', async () => {
    const { claims } = create({ count: 0, size: 0 });
    claims.claim('1', 'f');
    const copies = [claims.claim('1', 'f'), claims.claim('1', 'f')];
    claims.settle('1', 'answer', 1_000);
    for (const copy of copies) expect('answer' in copy && (await copy.answer)).toBe('answer');
  });

  test('callers that never confirm an answer are limited, and leave room for all others', () => {
    const { claims } = create({ count: 10_000, size: 0 });
    const fill = (caller: string): number => {
      let count = 0;
      while (code(() => claims.claim(`${caller} ${count}`, 'f', { caller })) === undefined) count += 1;
      return count;
    };
    expect([fill('a'), fill('b'), fill('c')]).toEqual([455, 414, 376]);
    for (let n = 0; n < 97; n += 1) fill(`hostile ${n}`);
    expect(claims.size).toBeLessThan(6_000);
    expect(fill('friend')).toBe(10);
  });

  test('one client of a caller is limited, and leaves room for the other clients of the same caller', () => {
    const { claims } = create({ count: 2_000, size: 0 });
    const fill = (client: string): number => {
      let count = 0;
      while (code(() => claims.claim(`${client} ${count}`, 'f', { caller: 'user ann', client })) === undefined)
        count += 1;
      return count;
    };
    expect([fill('old tab'), fill('second'), fill('third')]).toEqual([33, 21, 14]);
  });
});

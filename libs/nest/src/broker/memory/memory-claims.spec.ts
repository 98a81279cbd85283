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
  test('one caller may use a tenth of the actions, and others are still accepted', () => {
    const { claims } = create({ count: 50, size: 0 });
    for (let id = 0; id < 5; id++) claims.claim(`mallory ${id}`, 'f', 'address 192.0.2.1');
    expect(code(() => claims.claim('mallory 5', 'f', 'address 192.0.2.1'))).toBe('quota_exceeded');
    expect(claims.claim('alice', 'f', 'user alice')).toEqual({ outcome: 'claimed' });
    expect(claims.claim('mallory 0', 'f', 'address 192.0.2.1').outcome).toBe('running');
  });

  test('one caller may use a tenth of the answers', () => {
    const { claims } = create({ count: 0, size: 100 });
    claims.claim('1', 'f', 'user mallory');
    claims.settle('1', 'x'.repeat(10), 1_000);
    expect(code(() => claims.claim('2', 'f', 'user mallory'))).toBe('quota_exceeded');
    expect(claims.claim('3', 'f', 'user alice').outcome).toBe('claimed');
  });

  test('released and expired claims free the quota of the caller', async () => {
    const { claims, environment } = create({ count: 20, size: 0 });
    claims.claim('1', 'f', 'user ann');
    claims.claim('2', 'f', 'user ann');
    expect(code(() => claims.claim('3', 'f', 'user ann'))).toBe('quota_exceeded');
    claims.unclaim('1');
    claims.claim('3', 'f', 'user ann');
    for (const key of ['2', '3']) claims.settle(key, 'answer', 1_000);
    expect(code(() => claims.claim('4', 'f', 'user ann'))).toBe('quota_exceeded');
    await environment.advance(20_000);
    expect(claims.size).toBe(0);
  });

  test('ten callers can fill the memory, and then all are rejected', () => {
    const { claims } = create({ count: 10, size: 0 });
    for (let caller = 0; caller < 10; caller++) claims.claim(`${caller}`, 'f', `user ${caller}`);
    expect(code(() => claims.claim('alice', 'f', 'user alice'))).toBe('full');
  });
});

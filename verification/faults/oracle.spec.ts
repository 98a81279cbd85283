import { describe, expect, it } from '@jest/globals';
import type { Json, ServerFrame } from '@statewire/protocol';

import { fieldAt, isGenuine } from './support/busy/contract.js';
import { Ledger } from './support/oracle/ledger.js';
import { Progress } from './support/oracle/progress.js';
import { WireWitness } from './support/oracle/wire-witness.js';

const topic = 't';
const epoch = 'e';
const data: Json = null;

function subscribed(kind: 'state' | 'events', offset: number, recovered: boolean): ServerFrame {
  return { type: 'subscribed', topic, kind, epoch, offset, recovered };
}
const snapshot = (offset: number): ServerFrame => ({ type: 'snapshot', topic, epoch, offset, data });
const patch = (from: number, offset: number): ServerFrame => ({
  type: 'patch',
  topic,
  from,
  offset,
  delta: [] as never,
});
const event = (offset: number): ServerFrame => ({ type: 'event', topic, offset, data });
const unsubscribed: ServerFrame = { type: 'unsubscribed', topic, code: 'requested' };

function complaints(frames: readonly ServerFrame[]): string[] {
  const heard: string[] = [];
  const witness = new WireWitness((complaint) => heard.push(complaint));
  for (const frame of frames) witness.hear(frame);
  return heard;
}

describe('the oracle', () => {
  it.each<[string, ServerFrame[]]>([
    ['a snapshot and patches', [subscribed('state', 3, false), snapshot(3), patch(3, 4), patch(4, 9), snapshot(12)]],
    ['a recovery', [subscribed('state', 3, true), patch(1, 3), patch(3, 4)]],
    ['events', [subscribed('events', 3, false), event(4), event(5), subscribed('events', 5, true), event(6)]],
  ])('accepts %s in order', (_, frames) => {
    expect(complaints(frames)).toEqual([]);
  });

  it.each<[string, ServerFrame[]]>([
    ['a patch before subscribed', [patch(1, 2)]],
    ['a patch before the snapshot', [subscribed('state', 3, false), patch(3, 4)]],
    ['another snapshot than announced', [subscribed('state', 3, false), snapshot(4)]],
    ['a hole between patches', [subscribed('state', 3, false), snapshot(3), patch(4, 5)]],
    ['a snapshot that goes back', [subscribed('state', 3, false), snapshot(3), patch(3, 5), snapshot(4)]],
    ['a missing event', [subscribed('events', 3, false), event(5)]],
    ['a repeated event', [subscribed('events', 3, true), event(3), event(3)]],
    ['an event after unsubscribed', [subscribed('events', 3, false), unsubscribed, event(4)]],
  ])('rejects %s', (_, frames) => {
    expect(complaints(frames)).toHaveLength(1);
  });

  it('rejects two values at one position, and unknown values', () => {
    const ledger = new Ledger();
    const { units, ...rest } = fieldAt('1', 8);

    expect(ledger.agrees(topic, { epoch, offset: 1 }, { a: 1, b: 2 })).toBe(true);
    expect(ledger.agrees(topic, { epoch, offset: 1 }, { b: 2, a: 1 })).toBe(true);
    expect(ledger.agrees(topic, { epoch, offset: 1 }, { a: 1 })).toBe(false);
    expect(isGenuine('fields/1', { ...rest, units })).toBe(true);
    expect(isGenuine('fields/1', { ...rest, units: fieldAt('1', 9).units })).toBe(false);
    expect(isGenuine('fields/2', { ...rest, units })).toBe(false);
  });

  it('rejects a position that goes back, and an earlier epoch', () => {
    const progress = new Progress();
    const told = [1, 1, 2, 1].map((offset) => progress.advance({ epoch, offset }));

    expect(told).toEqual([undefined, undefined, undefined, 'goes back from 2']);
    expect(progress.advance({ epoch: 'f', offset: 0 })).toBeUndefined();
    expect(progress.advance({ epoch, offset: 9 })).toBe('returns to an epoch that was over');
  });
});

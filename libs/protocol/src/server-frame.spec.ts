import { describe, expect, test } from '@jest/globals';

import { ProtocolError } from './protocol-error.js';
import { parseServerFrame } from './server-frame.js';

const welcome = {
  type: 'welcome',
  connectionId: 'c1',
  serverTime: 1_700_000_000_000,
  heartbeat: { interval: 30_000, timeout: 10_000 },
  limits: { frameBytes: 65_536, subscriptions: 128, framesPerSecond: 20 },
  actionWindow: 120_000,
};

const parse = (frame: unknown) => parseServerFrame(JSON.stringify(frame));

describe('parseServerFrame', () => {
  test.each([
    welcome,
    { ...welcome, expiresAt: 1 },
    { type: 'authenticated' },
    { type: 'authenticated', expiresAt: 5, ref: '1' },
    { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 0, recovered: false },
    { type: 'subscribed', topic: 'a', kind: 'events', epoch: 'e', offset: 9, recovered: true, ref: '1' },
    { type: 'snapshot', topic: 'a', epoch: 'e', offset: 1, data: null },
    { type: 'snapshot', topic: 'a', epoch: 'e', offset: 1, data: { x: 1 }, time: 2 },
    { type: 'patch', topic: 'a', from: 1, offset: 3, delta: { '=x': 1 } },
    { type: 'event', topic: 'a', offset: 1, data: false, time: 3 },
    { type: 'unsubscribed', topic: 'a', code: 'closed' },
    { type: 'unsubscribed', topic: 'a', code: 'requested', ref: '1' },
    { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 1, recovered: true, staleSince: 5 },
    { type: 'stale', since: 5 },
    { type: 'stale', since: 5, topics: ['a', 'b/c'] },
    { type: 'fresh' },
    { type: 'fresh', topics: ['a'] },
    { type: 'ack', id: '1' },
    { type: 'ack', id: '1', data: [], positions: [{ topic: 'a', epoch: 'e', offset: 4 }] },
    { type: 'error', code: 'internal', message: '', temporary: true },
    {
      type: 'error',
      code: 'validation_failed',
      message: 'no',
      temporary: false,
      retryAfter: 0,
      details: { speed: ['too high'] },
      id: '1',
      topic: 'a',
      ref: '2',
    },
    { type: 'ping', time: 1 },
    { type: 'pong' },
    { type: 'drain', reconnectWithin: 5000 },
  ])('accepts %j', (frame) => {
    expect(parse(frame)).toEqual(frame);
  });

  test.each(['presence', 'constructor', ''])('ignores the unknown type %j', (type) => {
    expect(parse({ type, topic: 'a' })).toBeUndefined();
  });

  test('omits unknown fields', () => {
    expect(parse({ ...welcome, heartbeat: { interval: 1, timeout: 2, jitter: 3 }, version: 7 })).toEqual({
      ...welcome,
      heartbeat: { interval: 1, timeout: 2 },
    });
  });

  test('reads an error code of a newer server as internal, and keeps whether it is temporary', () => {
    const frame = { type: 'error', code: 'quota_exceeded', message: 'm', temporary: false };
    expect(parse(frame)).toEqual({ ...frame, code: 'internal' });
    expect(parse({ ...frame, code: 'toString' })).toMatchObject({ code: 'internal' });
  });

  test('reads an unsubscribed code of a newer server as closed', () => {
    expect(parse({ type: 'unsubscribed', topic: 'a', code: 'moved' })).toMatchObject({ code: 'closed' });
  });

  test.each([
    [[], 'A frame must be a JSON object with a type'],
    [{}, 'A frame must be a JSON object with a type'],
    [{ type: 1 }, 'A frame must be a JSON object with a type'],
    [
      { ...welcome, heartbeat: { interval: -1, timeout: 0 } },
      'welcome.heartbeat.interval must be a finite number ≥ 0, got -1',
    ],
    [{ ...welcome, limits: 5 }, 'welcome.limits must be an object, got 5'],
    [
      { type: 'subscribed', topic: 'a', kind: 'log', epoch: 'e', offset: 0, recovered: false },
      'subscribed.kind must be "state" or "events", got "log"',
    ],
    [
      { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 0 },
      'subscribed.recovered must be true or false, got nothing',
    ],
    [{ type: 'snapshot', topic: 'a', epoch: 'e', offset: 1 }, 'snapshot.data must be a JSON value, got nothing'],
    [{ type: 'snapshot', topic: 'a', epoch: '', offset: 1, data: 1 }, 'snapshot.epoch must be 1–32'],
    [{ type: 'patch', topic: 'a', from: 2.5, offset: 1, delta: {} }, 'patch.from must be a safe integer ≥ 0, got 2.5'],
    [{ type: 'event', topic: 'a', offset: 2 ** 53, data: 1 }, 'event.offset must be a safe integer'],
    [{ type: 'ack', id: '1', positions: [{ topic: 'a' }] }, 'ack.positions[0].epoch must be'],
    [{ type: 'error', code: 5, message: 'm', temporary: false }, 'error.code must be an error code, got 5'],
    [
      { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 0, recovered: false, staleSince: true },
      'subscribed.staleSince must be a finite number, got true',
    ],
    [{ type: 'stale' }, 'stale.since must be a finite number, got nothing'],
    [{ type: 'stale', since: '5' }, 'stale.since must be a finite number, got "5"'],
    [{ type: 'stale', since: 5, topics: [] }, 'stale.topics must be an array of at least 1, got an array of 0'],
    [{ type: 'stale', since: 5, topics: ['a', 'b//c'] }, 'stale.topics[1] must be a topic name, got "b//c"'],
    [{ type: 'fresh', topics: 'a' }, 'fresh.topics must be an array of at least 1, got "a"'],
    [{ type: 'fresh', topics: [null] }, 'fresh.topics[0] must be a topic name, got null'],
    [{ type: 'drain' }, 'drain.reconnectWithin must be a finite number ≥ 0, got nothing'],
  ])('rejects %j with the message: %s', (frame, message) => {
    expect(() => parse(frame)).toThrow(ProtocolError);
    expect(() => parse(frame)).toThrow(message);
  });

  test('A12: rejects 10^5 levels without a stack overflow', () => {
    const text = `{"type":"snapshot","topic":"a","epoch":"e","offset":1,"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => parseServerFrame(text)).toThrow('levels of nesting');
  });
});

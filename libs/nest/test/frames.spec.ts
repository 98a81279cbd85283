import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { TestApplication, type Platform } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { arenaProviders, authenticate, battle, notices } from './support/arena-fixture.js';

let arena: TestApplication;
let socket: TestSocket;
let errors: string[];

afterEach(() => arena.close());

async function start(platform: Platform = 'express'): Promise<void> {
  errors = [];
  const write = (...values: unknown[]): void => void errors.push(values.join(' '));
  const ignore = (): void => undefined;
  arena = await TestApplication.start({
    realtime: { authenticate },
    providers: arenaProviders,
    platform,
    logger: { log: ignore, warn: ignore, debug: ignore, verbose: ignore, error: write },
  });
  socket = await arena.welcome('alice');
}

describe.each<Platform>(['express', 'fastify'])('frames on %s', (platform) => {
  beforeEach(() => start(platform));

  test('deliver the value of a topic and then each change', async () => {
    socket.send({ type: 'subscribe', topics: [{ topic: 'battles/7' }], ref: 'a' });
    expect(await socket.any()).toMatchObject({ type: 'subscribed', topic: 'battles/7', kind: 'state', ref: 'a' });
    expect(await socket.any()).toMatchObject({ type: 'snapshot', topic: 'battles/7', data: { hp: 7 } });
    const { offset } = await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 6 });
    expect(await socket.next(['patch', 'snapshot'])).toMatchObject({ topic: 'battles/7', offset });
  });

  test('deliver each event once', async () => {
    socket.send({ type: 'subscribe', topics: [{ topic: 'notices' }] });
    await socket.next('subscribed');
    for (const text of ['one', 'two']) await arena.bus.publish(notices.with(), { text });
    expect([await socket.any(), await socket.any()]).toMatchObject([
      { type: 'event', topic: 'notices', offset: 1, data: { text: 'one' } },
      { type: 'event', topic: 'notices', offset: 2, data: { text: 'two' } },
    ]);
  });

  test('run an action as the user of the token', async () => {
    socket.send({ type: 'action', id: '1', name: 'double', data: { n: 21 } });
    expect(await socket.next('ack')).toEqual({ type: 'ack', id: '1', data: { n: 42, by: 'alice' } });
  });

  test('end a subscription on request', async () => {
    socket.send({ type: 'subscribe', topics: [{ topic: 'battles/7' }] });
    await socket.next('snapshot');
    socket.send({ type: 'unsubscribe', topics: ['battles/7'], ref: 'u' });
    expect(await socket.next('unsubscribed')).toEqual({
      type: 'unsubscribed',
      topic: 'battles/7',
      code: 'requested',
      ref: 'u',
    });
    await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 6 });
    await socket.roundTrip();
    expect(socket.unread.filter(({ type }) => type === 'patch' || type === 'snapshot')).toEqual([]);
  });

  test('report the close of a topic after its last publication', async () => {
    socket.send({ type: 'subscribe', topics: [{ topic: 'battles/7' }] });
    await socket.next('snapshot');
    await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 0 });
    await arena.bus.close(battle.with({ battleId: '7' }));
    await socket.next(['patch', 'snapshot']);
    expect(await socket.any()).toMatchObject({ type: 'subscribed' });
    expect(await socket.any()).toEqual({ type: 'unsubscribed', topic: 'battles/7', code: 'closed' });
  });
});

describe('errors on the wire', () => {
  beforeEach(() => start());

  test('hide the error of a handler, log it once, and the process survives', async () => {
    socket.send({ type: 'action', id: '1', name: 'fail' });
    const error = await socket.next('error');
    expect(error).toMatchObject({ code: 'internal', id: '1', temporary: true });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(errors.filter((line) => line.includes('secret of the server'))).toHaveLength(1);
    await socket.roundTrip();
  });

  test('have the code of the guard for a rejected topic', async () => {
    socket.send({ type: 'subscribe', topics: [{ topic: 'secrets/bob' }, { topic: 'secrets/alice' }], ref: 'r' });
    expect(await socket.next('error')).toMatchObject({ code: 'forbidden', topic: 'secrets/bob', ref: 'r' });
    expect(await socket.next('snapshot')).toMatchObject({ topic: 'secrets/alice', data: 'of alice' });
  });

  test.each(['nothing', '__proto__', 'constructor', 'toString', 'battles/1/2', 'hasOwnProperty/x'])(
    'A13: are unknown_topic for the topic %s without a handler',
    async (topic) => {
      socket.send({ type: 'subscribe', topics: [{ topic }], ref: 'r' });
      expect(await socket.next('error')).toMatchObject({ code: 'unknown_topic', topic, ref: 'r' });
    },
  );

  test.each(['nothing', '__proto__', 'constructor', 'toString'])(
    'A13: are unknown_action for the action %s without a handler',
    async (name) => {
      socket.send({ type: 'action', id: '1', name });
      expect(await socket.next('error')).toMatchObject({ code: 'unknown_action', id: '1' });
    },
  );

  test('precede 4000 after ten malformed frames', async () => {
    for (let count = 0; count < 10; count += 1) socket.send('{');
    expect(await socket.next('error')).toMatchObject({ code: 'bad_request' });
    expect(await socket.closed()).toBe(4000);
  });

  test('A11: precede 4100 for a flooding client, without effect on others', async () => {
    const other = await arena.welcome();
    for (let count = 0; count < 200; count += 1) socket.send({ type: 'ping' });
    expect(await socket.next('error')).toMatchObject({ code: 'too_many_requests' });
    expect(await socket.closed()).toBe(4100);
    await other.roundTrip();
  });
});

describe('the handshake with hello', () => {
  test.each(['express', 'fastify'] as const)('ends with a welcome on %s', async (platform) => {
    arena = await TestApplication.start({ platform });
    const socket = await arena.connect();
    expect(await socket.hello()).toEqual({
      type: 'welcome',
      connectionId: expect.stringMatching(/^[A-Za-z0-9_-]{22,64}$/),
      serverTime: expect.any(Number),
      heartbeat: { interval: 30_000, timeout: 10_000 },
      limits: { frameBytes: 65_536, subscriptions: 128, framesPerSecond: 20 },
      actionWindow: 120_000,
    });
  });
});

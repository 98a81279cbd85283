import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { action, stateTopic } from '@statewire/protocol';

import { OnAction, OnTopic, RealtimeHandlers, type RealtimeModuleOptions } from '../../src/index.js';
import { MemoryBroker } from '../../src/broker/memory/memory-broker.js';
import { ConnectionHub } from '../../src/websocket/connection-hub.js';
import { BROKER } from '../../src/core/tokens.js';
import { untilTrue } from '../support/event-loop-turn.js';
import { TestApplication } from '../support/test-application.js';
import { TopicRegistry } from '../../src/topics/topic-registry.js';
import { RawWire } from '../support/raw-wire.js';
import { CLIENT_ID, post, TRANSPORTS, type TestCaller } from '../support/transports.js';

const LINGER = 50;
const silent = { error: () => undefined };
const history = { count: 10, bytes: 10_000, ageMs: 0 };
const freely = { frames: { perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0 } };

let calls = 0;

@RealtimeHandlers()
class Handlers {
  @OnTopic(stateTopic<number>()('things/:thing'))
  thing(): number {
    return 1;
  }

  @OnAction(action<void, number>('count'))
  count(): number {
    return ++calls;
  }
}

let arena: TestApplication;
/** The clock advances only in a test, so no token bucket refills on a slow machine. */
let clock: VirtualEnvironment;

beforeEach(() => {
  clock = new VirtualEnvironment();
});

afterEach(() => arena.close());

async function start(realtime: RealtimeModuleOptions): Promise<void> {
  calls = 0;
  arena = await TestApplication.start({ clock, realtime, providers: [Handlers] });
}

describe('A14: topics without publications', () => {
  test('are dropped above a limit', async () => {
    const broker = new MemoryBroker({ environment: clock, log: silent, history, maxIdleTopics: 150 });
    await start({ broker, limits: { ...freely, timeouts: { lingerMs: LINGER } } });
    for (let first = 0; first < 1_500; first += 100) {
      const topics = Array.from({ length: 100 }, (_, index) => ({ topic: `things/${first + index}` }));
      const { status } = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics });
      expect(status).toBe(200);
    }
    const registry = arena.get(TopicRegistry);
    expect(registry.sizes.live).toBeGreaterThan(0);
    await clock.advance(LINGER);
    expect(registry.sizes.live).toBe(0);
    // The server itself follows two topics.
    expect(arena.get<MemoryBroker>(BROKER).sizes.topics).toBeLessThanOrEqual(150 + 2);
  });

  test('have a rate limit for polls and for subscriptions', async () => {
    await start({ limits: { connections: { subscriptions: 10 }, frames: { perSecond: 10 } } });
    const names = (first: number) => Array.from({ length: 10 }, (_, index) => ({ topic: `things/${first + index}` }));
    const statuses = [];
    for (let turn = 0; turn < 5; turn++) {
      statuses.push((await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: names(turn * 10) })).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    const socket = await arena.welcome();
    for (let turn = 0; turn < 5; turn++) {
      socket.send({ type: 'subscribe', topics: names(turn * 10) });
      socket.send({ type: 'unsubscribe', topics: names(turn * 10).map(({ topic }) => topic) });
    }
    expect(await socket.next('error', ({ code }) => code === 'too_many_requests')).toMatchObject({ temporary: true });
  });
});

describe.each(TRANSPORTS)('A24: over $name, the memory of answers', ({ open }) => {
  test('one user can fill its own quota only; a full memory rejects new actions and repeats no old ones', async () => {
    const broker = new MemoryBroker({ environment: clock, log: silent, history, maxClaims: 100 });
    await start({ broker, authenticate: (_, token) => ({ id: token, user: token }), limits: freely });
    const mallory = await open(arena, 'mallory');
    /** Acts until the server rejects an action. Returns the number of answered actions and the rejection. */
    const fill = async (caller: TestCaller) => {
      for (let id = 0; ; id++) {
        const answer = await caller.act({ id: `${id}`, name: 'count' });
        if (answer.type === 'error') return { answered: id, rejection: answer };
      }
    };
    const { answered, rejection } = await fill(mallory);
    expect(rejection).toMatchObject({ code: 'too_many_requests', retryAfter: expect.any(Number) });
    expect(answered).toBeGreaterThan(1);
    expect(answered).toBeLessThanOrEqual(10);
    const first = { type: 'ack', id: '0', data: answered + 1 };
    expect(await (await open(arena, 'ann')).act({ id: '0', name: 'count' })).toEqual(first);

    for (let user = 0; calls < 100; user++) await fill(await open(arena, `one-of-many-${user}`));
    const done = calls;
    const bob = await open(arena, 'bob');
    expect(await bob.act({ id: '0', name: 'count' })).toMatchObject({ code: 'unavailable', temporary: true });
    expect(await mallory.act({ id: '1', name: 'count' })).toEqual({ type: 'ack', id: '1', data: 2 });
    expect(await (await open(arena, 'ann')).act({ id: '0', name: 'count' })).toEqual(first);
    expect(calls).toBe(done);
    expect(done).toBe(100);
  });
});

/** Waves of ten connections each. */
const WAVES = process.env.STATEWIRE_TEST_TIER === 'full' ? 50 : 10;

describe('A10: a storm of connections from one address', () => {
  test.each([
    ['cut before the upgrade', (port: number) => RawWire.open(port)],
    ['cut after the upgrade', (port: number) => RawWire.upgraded(port)],
    ['cut after hello', (port: number) => RawWire.welcomed(port)],
  ])('%s releases every slot, so the next client connects', async (_, open) => {
    await start({ limits: { connections: { newPerSecondPerAddress: 0, perAddress: 30, pendingPerAddress: 20 } } });
    const hub = arena.get(ConnectionHub);
    for (let wave = 0; wave < WAVES; wave++) {
      const wires = await Promise.all(Array.from({ length: 10 }, () => open(arena.port)));
      for (const { socket } of wires) socket.resetAndDestroy();
      await untilTrue(() => hub.size === 0);
    }
    await arena.welcome();
    expect(hub.size).toBe(1);
  });
});

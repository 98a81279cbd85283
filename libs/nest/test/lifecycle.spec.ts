import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { SUBPROTOCOL, type SubscribedFrame } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { RealtimeMetrics, RealtimeModule, RealtimeOptionsError, type RealtimeModuleOptions } from '../src/index.js';
import { InFlight } from '../src/core/action-context.js';
import { DrainState } from '../src/core/drain-state.js';
import { RealtimeSwitch } from '../src/realtime-switch.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { arenaProviders, authenticate, battle, SlowWork } from './support/arena-fixture.js';
import { CLIENT_ID, poll, post, send } from './support/transports.js';

/** Milliseconds that a drain waits for actions after its window. */
const GRACE = 4_000;
/** The deadline of the action `overdue`. */
const OVERDUE = 10;

let arena: TestApplication;
let clock: VirtualEnvironment;
let logged: string[];

beforeEach(() => {
  logged = [];
});

afterEach(() => arena.close());

async function start(
  realtime: RealtimeModuleOptions = {},
  configure?: (app: INestApplication) => void,
): Promise<TestApplication> {
  const write = (...values: unknown[]): void => void logged.push(values.map(String).join(' '));
  clock = new VirtualEnvironment();
  arena = await TestApplication.start({
    clock,
    realtime: { authenticate, ...realtime },
    providers: arenaProviders,
    logger: { log: write, error: write, warn: write, debug: write, verbose: write },
    ...(configure === undefined ? {} : { configure }),
  });
  return arena;
}

async function follow(socket: TestSocket, topic: string): Promise<void> {
  socket.send({ type: 'subscribe', topics: [{ topic }] });
  await socket.next('subscribed');
  await socket.next('snapshot');
}

describe('a drain', () => {
  test('sends drain to every client, waits until they leave, and ends', async () => {
    await start({ drain: { windowMs: 60_000 } });
    const sockets = await Promise.all([arena.welcome(), arena.welcome(), arena.welcome()]);
    const closing = arena.app.close();
    for (const socket of sockets) {
      const { reconnectWithin } = await socket.next('drain');
      expect(reconnectWithin).toBe(60_000);
      await socket.close();
    }
    await closing;
  });

  test('R11: rejects upgrades with 503 and Retry-After, and still answers polls', async () => {
    await start({ drain: { windowMs: 60_000 } });
    const straggler = await arena.welcome();
    const topics = [{ topic: 'battles/7' }];
    const [subscribed] = (await poll(arena, topics)).frames as [SubscribedFrame];
    const since = { epoch: subscribed.epoch, offset: subscribed.offset };
    const held = poll(arena, [{ topic: 'battles/7', since }], { wait: 20 });
    await untilTrue(() => arena.get(RealtimeMetrics).snapshot().counters.pollsHeld === 1);
    const closing = arena.app.close();
    expect(await held).toMatchObject({ websocket: false, frames: [{ type: 'subscribed', recovered: true }] });
    await straggler.next('drain');
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const rejected = await send(arena, {
      path: '/ws',
      headers: { ...upgrade, 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol': SUBPROTOCOL },
    });
    expect(rejected).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, json: { code: 'unavailable' } });
    // The server no longer holds a poll, so the client finds the next node soon.
    await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 1 });
    const answer = await poll(arena, [{ topic: 'battles/7', since }], { wait: 20 });
    expect(answer.frames.at(-1)).toMatchObject({ offset: since.offset + 1 });
    expect(await poll(arena, topics, { wait: 20 })).toMatchObject({ websocket: false });
    await straggler.close();
    await closing;
  });

  test('still serves the remaining clients', async () => {
    await start({ drain: { windowMs: 60_000 } });
    const socket = await arena.welcome();
    await follow(socket, 'battles/7');
    const closing = arena.app.close();
    await socket.next('drain');
    await arena.bus.publish(battle.with({ battleId: '7' }), { hp: 1 });
    expect(['patch', 'snapshot']).toContain((await socket.any()).type);
    await socket.close();
    await closing;
  });

  test('closes remaining clients with 1012 at its end, and clients before welcome with 4201 at once', async () => {
    await start({ drain: { windowMs: 10_000 } });
    const straggler = await arena.welcome();
    const stranger = await arena.connect();
    const closing = arena.app.close();
    expect(await stranger.closed()).toBe(4201);
    await straggler.next('drain');
    await clock.advance(9_999);
    await straggler.roundTrip();
    await clock.advance(1);
    expect(await straggler.closed()).toBe(1012);
    await closing;
  });

  test('R11: delivers the answer of a running action after the window', async () => {
    await start({ drain: { windowMs: 10_000 } });
    const [socket, idle] = [await arena.welcome(), await arena.welcome()];
    socket.send({ type: 'action', id: '1', name: 'slow' });
    await socket.roundTrip();
    const closing = arena.app.close();
    await socket.next('drain');
    await clock.advance(10_000);
    expect(await idle.closed()).toBe(1012);
    arena.get(SlowWork).running.forEach((finish) => finish());
    expect(await socket.next('ack')).toMatchObject({ id: '1', data: 'done' });
    expect(await socket.closed()).toBe(1012);
    await closing;
  });

  test('R11: waits for an action over HTTP, and cuts off one that never ends', async () => {
    await start({ drain: { windowMs: 10_000 } });
    const act = (id: string) => post(arena, '/realtime/actions', { clientId: CLIENT_ID, id, name: 'slow' });
    const [finished, cut] = [act('1'), act('2').catch((error: Error) => error)];
    const { running } = arena.get(SlowWork);
    await untilTrue(() => running.length === 2);
    const closed = arena.app.close();
    running[0]!();
    const answers = await Promise.race([finished, cut]);
    expect(answers).toMatchObject({ status: 200, json: { type: 'ack' } });
    await clock.advance(10_000 + GRACE);
    await closed;
    expect([await finished, await cut]).toContainEqual(expect.objectContaining({ code: 'ECONNRESET' }));
  });

  test('waits for a handler that continues after its action got `timeout`', async () => {
    await start({ drain: { windowMs: 60_000 } });
    const socket = await arena.welcome();
    socket.send({ type: 'action', id: '1', name: 'overdue' });
    await untilTrue(() => arena.get(SlowWork).running.length === 1);
    await clock.advance(OVERDUE);
    expect(await socket.next('error')).toMatchObject({ id: '1', code: 'timeout' });
    await socket.close();
    expect(arena.get(InFlight).none).toBe(false);
    const closing = arena.app.close();
    arena.get(SlowWork).running.forEach((finish) => finish());
    await closing;
    expect(arena.get(InFlight).none).toBe(true);
  });

  test('notifies clients in batches', async () => {
    await start({ drain: { windowMs: 1_000, batch: 1 } });
    const sockets = await Promise.all(Array.from({ length: 4 }, () => arena.welcome()));
    const closing = arena.app.close();
    await clock.advance(500);
    const windows = await Promise.all(sockets.map(async (socket) => (await socket.next('drain')).reconnectWithin));
    expect(windows.sort((a, b) => b - a)).toEqual([1_000, 950, 900, 850]);
    await Promise.all(sockets.map((socket) => socket.close()));
    await closing;
  });

  test('ends at once without connections', async () => {
    await start({ drain: { windowMs: 3_600_000 } });
    await arena.app.close();
  });
});

describe('RealtimeSwitch', () => {
  test('moves clients to polling, keeps them there, and lets them return', async () => {
    await start();
    const realtimeSwitch = arena.get(RealtimeSwitch);
    const changes: boolean[] = [];
    realtimeSwitch.changes.subscribe((enabled) => changes.push(enabled));
    const [welcomed, greeting] = [await arena.welcome(), await arena.connect()];
    await realtimeSwitch.set(false);
    expect(await welcomed.closed()).toBe(4203);
    expect(await greeting.closed()).toBe(4203);
    expect(realtimeSwitch.enabled).toBe(false);
    await expect(arena.connect()).rejects.toThrow('503');
    await realtimeSwitch.set(true);
    await arena.welcome();
    expect(changes).toEqual([false, true]);
  });

  test('changes nothing if it already has the value', async () => {
    await start();
    const socket = await arena.welcome();
    const realtimeSwitch = arena.get(RealtimeSwitch);
    const changes: boolean[] = [];
    realtimeSwitch.changes.subscribe((enabled) => changes.push(enabled));
    await realtimeSwitch.set(true);
    await socket.roundTrip();
    expect(changes).toEqual([]);
  });
});

describe('RealtimeConnections', () => {
  test('lists the connections and their topics', async () => {
    await start();
    const alice = await arena.connect();
    const { connectionId } = await alice.hello('alice');
    await follow(alice, 'battles/7');
    const anonymous = await arena.welcome();
    const [first, second, ...rest] = arena.connections.list();
    expect(rest).toEqual([]);
    expect(first).toEqual({
      id: connectionId,
      user: 'alice',
      connectedAt: clock.now(),
      lastHeardAt: clock.now(),
      subscriptions: ['battles/7'],
    });
    expect(second).toMatchObject({ user: undefined, subscriptions: [] });
    await alice.close();
    while (arena.connections.list().length > 1) await anonymous.roundTrip();
    expect(arena.connections.list()).toMatchObject([{ user: undefined }]);
  });

  test('A2: closes all connections of a user at once, and no other', async () => {
    await start();
    const [first, second, other] = [
      await arena.welcome('mallory'),
      await arena.welcome('mallory'),
      await arena.welcome('bob'),
    ];
    const revoked: unknown[] = [];
    arena.connections.revoked.subscribe((whose) => revoked.push(whose));
    await arena.connections.revoke({ user: 'mallory' });
    for (const socket of [first, second]) {
      expect(await socket.next('error')).toMatchObject({ code: 'unauthorized' });
      expect(await socket.closed()).toBe(4003);
    }
    await other.roundTrip();
    expect(revoked).toEqual([{ user: 'mallory', graceMs: 0 }]);
  });

  test('disconnects a single connection with a reason', async () => {
    await start();
    const [first, second] = [await arena.connect(), await arena.welcome('mallory')];
    const { connectionId } = await first.hello('mallory');
    expect(arena.connections.disconnect(connectionId, 'The tournament is over.')).toBe(true);
    expect(await first.next('error')).toEqual({
      ...{ type: 'error', code: 'forbidden', message: 'The tournament is over.', temporary: false },
    });
    expect(await first.closed()).toBe(4003);
    await second.roundTrip();
    expect(arena.connections.disconnect(connectionId, 'Again.')).toBe(false);
  });

  test('closes a single connection', async () => {
    await start();
    const [first, second] = [await arena.connect(), await arena.welcome('mallory')];
    const { connectionId } = await first.hello('mallory');
    await arena.connections.revoke({ connection: connectionId });
    expect(await first.closed()).toBe(4003);
    await second.roundTrip();
  });
});

describe('the start', () => {
  test('logs the start in one line', async () => {
    await start({ allowedOrigins: ['https://play.example'] });
    expect(logged.filter((line) => line.includes('realtime-started'))).toEqual([
      expect.stringMatching(
        /webSocket=\/ws http=\/realtime origins=https:\/\/play\.example broker=memory heartbeat=30000 .*connectionsPerUser=20/,
      ),
    ]);
  });

  test('fails with invalid options and lists all of them', async () => {
    const wrong = { path: 'ws', limits: { frames: { depth: -1 } } };
    const starting = TestApplication.start({ realtime: wrong });
    await expect(starting).rejects.toThrow(RealtimeOptionsError);
    await expect(starting).rejects.toThrow(/"path" must be a path.*\n.*"limits.frames.depth" must be an integer/);
    await start();
  });

  test.each([
    ['forRoot()', () => RealtimeModule.forRoot()],
    ['forRoot(undefined)', () => RealtimeModule.forRoot(undefined)],
    [
      'forRootAsync() whose factory returns undefined',
      () => RealtimeModule.forRootAsync({ useFactory: () => undefined }),
    ],
  ])('uses all defaults for %s', async (_, make) => {
    arena = await TestApplication.start({ module: make(), providers: arenaProviders });
    await follow(await arena.welcome(), 'battles/7');
  });

  test.each([
    ['forRoot()', () => RealtimeModule.forRoot(null as never)],
    ['forRootAsync()', () => RealtimeModule.forRootAsync({ useFactory: () => null as never })],
  ])('fails for %s with null', async (_, make) => {
    const starting = TestApplication.start({ module: make() });
    await expect(starting).rejects.toThrow('option "options" must be an object, got null');
    await start();
  });

  test('fails for a second import of the module', async () => {
    const again = TestApplication.start({ imports: [RealtimeModule.forRoot({ path: '/again' })] });
    await expect(again).rejects.toThrow('RealtimeModule is imported twice: import it once, it is global.');
    await start();
  });

  test('accepts asynchronous options', async () => {
    const module = RealtimeModule.forRootAsync({
      useFactory: () => Promise.resolve({ path: '/late', drain: { windowMs: 0 } }),
    });
    arena = await TestApplication.start({ module });
    await (await arena.connect({ path: '/late' })).hello();
    await expect(arena.connect({ path: '/ws' })).rejects.toThrow('404');
  });

  test('gives each of two applications in one process its own path', async () => {
    const other = await TestApplication.start({ realtime: { path: '/other', drain: { windowMs: 0 } } });
    await start();
    await arena.welcome('alice');
    await other.welcome('bob');
    await expect(arena.connect({ path: '/other' })).rejects.toThrow('404');
    await expect(other.connect({ path: '/ws' })).rejects.toThrow('404');
    expect(arena.connections.list()).toHaveLength(1);
    await other.close();
    await arena.welcome('alice');
    expect(arena.connections.list()).toMatchObject([{ user: 'alice' }, { user: 'alice' }]);
  });
});

describe('a subscriber that throws', () => {
  const fail = (): never => {
    throw new Error('of the application');
  };

  test.each<[string, () => Promise<unknown>]>([
    [
      'revoked',
      () => {
        arena.connections.revoked.subscribe(fail);
        return arena.connections.revoke({ user: 'mallory' });
      },
    ],
    [
      'switch',
      () => {
        const realtimeSwitch = arena.get(RealtimeSwitch);
        realtimeSwitch.changes.subscribe(fail);
        return realtimeSwitch.set(false);
      },
    ],
    [
      'drain',
      () => {
        arena.get(DrainState).began.subscribe(fail);
        return arena.app.close();
      },
    ],
  ])('in %s causes a log line and ends nothing', async (reason, provoke) => {
    await start();
    await provoke();
    expect(logged).toContainEqual(expect.stringContaining(`subscriber-failed reason=${reason}`));
  });
});

describe('the end of an application', () => {
  test('closes all connections and removes its listeners from the HTTP server', async () => {
    await start();
    const server = arena.app.getHttpServer() as import('node:http').Server;
    const socket = await arena.welcome();
    await follow(socket, 'battles/7');
    socket.webSocket.terminate();
    await arena.app.close();
    expect(arena.connections.list()).toEqual([]);
    expect(server.listenerCount('upgrade')).toBe(0);
  });
});

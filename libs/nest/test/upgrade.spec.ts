import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { RealtimeModuleOptions } from '../src/index.js';
import { RealtimeSwitch } from '../src/realtime-switch.js';
import { DrainState } from '../src/core/drain-state.js';
import { eventLoopTurn } from './support/event-loop-turn.js';
import { ServerSockets } from './support/server-sockets.js';
import { TestApplication, type Platform } from './support/test-application.js';
import { TestSocket, UpgradeRejectedError } from './support/test-socket.js';
import { arenaProviders, authenticate, BanGuard, HeldVerification } from './support/arena-fixture.js';
import { exchangeRaw, handshake as handshakeOf, head, RawWire, rawText } from './support/raw-wire.js';

let arena: TestApplication;

beforeEach(() => {
  BanGuard.banned.clear();
  BanGuard.seen.length = 0;
});

afterEach(() => arena.close());

async function start(realtime: RealtimeModuleOptions = {}, platform?: Platform): Promise<void> {
  const options = { authenticate, cookie: 'session', connectionGuards: [BanGuard], ...realtime };
  arena = await TestApplication.start({
    realtime: options,
    providers: arenaProviders,
    ...(platform === undefined ? {} : { platform }),
  });
}

async function rejection(options: Parameters<TestApplication['connect']>[0]): Promise<UpgradeRejectedError> {
  try {
    await arena.connect(options);
  } catch (error) {
    if (error instanceof UpgradeRejectedError) return error;
    throw error;
  }
  throw new Error('The upgrade was accepted.');
}

describe.each<Platform>(['express', 'fastify'])('an upgrade on %s', (platform) => {
  test('uses statewire.v1.json, with or without an offer', async () => {
    await start({}, platform);
    expect((await arena.connect()).webSocket.protocol).toBe('statewire.v1.json');
    expect((await arena.connect({ protocol: '' })).webSocket.protocol).toBe('');
  });

  test('is rejected with 400 for another subprotocol, with the supported one', async () => {
    await start({}, platform);
    const { status, body, headers } = await rejection({ protocol: 'statewire.v9.json' });
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/json');
    expect(headers.connection).toBe('close');
    expect(JSON.parse(body)).toEqual({
      type: 'error',
      code: 'bad_request',
      message: 'This server speaks the subprotocol statewire.v1.json. Offer it.',
      temporary: false,
    });
  });

  test('is rejected with 401 for bad credentials, without details', async () => {
    await start({}, platform);
    const { status, body } = await rejection({ headers: { authorization: 'Bearer nobody' } });
    expect(status).toBe(401);
    expect(JSON.parse(body)).toMatchObject({ code: 'unauthorized' });
    expect(body).not.toContain('Bearer');
  });

  test('is rejected with 403 if a guard denies the user', async () => {
    await start({}, platform);
    BanGuard.banned.add('mallory');
    expect((await rejection({ headers: { authorization: 'Bearer mallory' } })).status).toBe(403);
    expect(BanGuard.seen).toEqual([['mallory', 'upgrade']]);
  });

  test('is rejected with 404 without a listener', async () => {
    await start({}, platform);
    expect((await rejection({ path: '/elsewhere' })).status).toBe(404);
  });
});

describe('an upgrade', () => {
  test('runs the guards once: at the upgrade with credentials, otherwise at hello', async () => {
    await start();
    const early = await arena.connect({ headers: { authorization: 'Bearer alice' } });
    await early.hello();
    const late = await arena.connect();
    await late.hello('bob');
    expect(BanGuard.seen).toEqual([
      ['alice', 'upgrade'],
      ['bob', 'hello'],
    ]);
    expect(arena.connections.list().map(({ user }) => user)).toEqual(['alice', 'bob']);
  });

  test('is closed with 4003 if a guard denies the user at hello', async () => {
    await start();
    BanGuard.banned.add('mallory');
    const socket = await arena.connect();
    socket.send({ type: 'hello', clientId: 'client-0123456789abcdef', token: 'mallory' });
    expect(await socket.next('error')).toMatchObject({ code: 'forbidden' });
    expect(await socket.closed()).toBe(4003);
  });

  test('is closed with 4003 if cookie and token belong to different users', async () => {
    await start();
    const socket = await arena.connect({ origin: arena.origin, headers: { cookie: 'session=alice' } });
    socket.send({ type: 'hello', clientId: 'client-0123456789abcdef', token: 'bob' });
    expect(await socket.next('error')).toMatchObject({ code: 'unauthorized' });
    expect(await socket.closed()).toBe(4003);
  });

  test.each([
    ['null', 'null'],
    ['a look-alike suffix', 'http://127.0.0.1.evil.example'],
    ['another port', 'http://127.0.0.1:1'],
    ['a scheme other than http and https', 'file://'],
    ['text that is not an origin', 'not an origin'],
  ])('A1: is rejected with 403 for the origin %s', async (_, origin) => {
    await start();
    expect((await rejection({ origin })).status).toBe(403);
  });

  test('A1: is rejected with 403 for two origins', async () => {
    await start();
    const response = await raw([...handshake(), `Origin: ${arena.origin}`, `Origin: ${arena.origin}`]);
    expect(response).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('A1: is accepted without an origin, without its cookie', async () => {
    await start();
    const socket = await arena.connect({ headers: { cookie: 'session=alice' } });
    await socket.hello();
    expect(arena.connections.list().map(({ user }) => user)).toEqual([undefined]);
  });

  test('A1: is accepted with the origin of the page, with its cookie', async () => {
    await start();
    const socket = await arena.connect({ origin: arena.origin, headers: { cookie: 'session=alice' } });
    await socket.hello();
    expect(arena.connections.list().map(({ user }) => user)).toEqual(['alice']);
  });

  test('A2: is rejected with 401 for an expired token', async () => {
    await start();
    expect((await rejection({ headers: { authorization: `Bearer alice:${Date.now() - 1}` } })).status).toBe(401);
  });

  test('A16: is rejected with 429 and Retry-After above the connection limit of a user', async () => {
    await start({ limits: { connections: { perUser: 2 } } });
    const headers = { authorization: 'Bearer alice' };
    const first = await arena.connect({ headers });
    await arena.connect({ headers });
    const rejected = await rejection({ headers });
    expect(rejected.status).toBe(429);
    expect(rejected.headers['retry-after']).toBe('5');
    const other = await arena.connect();
    other.send({ type: 'hello', clientId: 'client-0123456789abcdef', token: 'alice' });
    expect(await other.next('error')).toMatchObject({ code: 'too_many_requests', retryAfter: 5_000 });
    expect(await other.closed()).toBe(1013);
    await first.close();
    await expect(arena.connect({ headers })).resolves.toBeInstanceOf(TestSocket);
  });

  test('A16: with a cookie above the connection limit of its user is accepted, and hello gets the reason', async () => {
    await start({ limits: { connections: { perUser: 1 } } });
    const cookie = { origin: arena.origin, headers: { cookie: 'session=alice' } };
    const first = await arena.connect(cookie);
    await first.hello();
    const second = await arena.connect(cookie);
    second.send({ type: 'hello', clientId: 'client-0123456789abcdef' });
    expect(await second.next('error')).toMatchObject({
      ...{ code: 'too_many_requests', retryAfter: 5_000 },
      message: 'There are 1 connections of this user. Close one or try later.',
    });
    expect(await second.closed()).toBe(1013);
    await first.close();
    await (await arena.connect(cookie)).hello();
    expect(arena.connections.list()).toHaveLength(1);
  });

  test('A16: is rejected with 429 above the connection limits of an address', async () => {
    await start({ limits: { connections: { perAddress: 3, pendingPerAddress: 2 } } });
    const first = await arena.connect();
    await arena.connect();
    expect((await rejection({})).body).toContain('not admitted yet');
    await first.hello();
    await arena.connect();
    expect((await rejection({})).status).toBe(429);
  });

  test('A16: is rejected with 429 and Retry-After above the connection rate of an address', async () => {
    await start({ limits: { connections: { perAddress: 3, newPerSecondPerAddress: 1 } } });
    for (let count = 0; count < 3; count += 1) await (await arena.connect()).close();
    const rejected = await rejection({});
    expect([rejected.status, rejected.headers['retry-after']]).toEqual([429, '1']);
    expect(JSON.parse(rejected.body)).toMatchObject({ code: 'too_many_requests', temporary: true });
  });

  test('A16: ignores a forwarded address without a trusted proxy', async () => {
    await start({ limits: { connections: { perAddress: 1 } } });
    await arena.connect({ headers: { 'x-forwarded-for': '198.51.100.1' } });
    // Loopback is private, so a forwarded request most likely comes from an unlisted proxy and does not count.
    await arena.connect({ headers: { 'x-forwarded-for': '198.51.100.1' } });
    await arena.connect();
    expect((await rejection({})).status).toBe(429);
  });

  test('A16: counts the address a trusted proxy reports', async () => {
    await start({ trustedProxies: ['loopback'], limits: { connections: { perAddress: 1 } } });
    await arena.connect({ headers: { 'x-forwarded-for': '198.51.100.1' } });
    await arena.connect({ headers: { 'x-forwarded-for': '198.51.100.2' } });
    expect((await rejection({ headers: { 'x-forwarded-for': '198.51.100.1' } })).status).toBe(429);
    const spoofed = { 'x-forwarded-for': '198.51.100.99, 198.51.100.1' };
    expect((await rejection({ headers: spoofed })).status).toBe(429);
  });

  test('is rejected with 503 and Retry-After while WebSocket is switched off', async () => {
    await start({ enabled: false });
    const rejected = await rejection({});
    expect(rejected.status).toBe(503);
    expect(Number(rejected.headers['retry-after'])).toBeGreaterThan(0);
    await arena.get(RealtimeSwitch).set(true);
    await (await arena.connect()).hello();
  });

  test('is rejected with 503 while the node drains, also when it was being verified', async () => {
    await start();
    const verification = HeldVerification.next();
    const verifying = rejection({ headers: { authorization: 'Bearer held' } });
    await verification.arrived.opened;
    arena.get(DrainState).begin();
    verification.released.open();
    expect((await verifying).status).toBe(503);
    expect((await rejection({})).status).toBe(503);
  });

  test('frees its place when the client leaves while it is verified', async () => {
    await start({ limits: { connections: { pendingPerAddress: 1 } } });
    const verification = HeldVerification.next();
    const wire = await RawWire.open(arena.port);
    wire.write(head([...handshake(), 'Authorization: Bearer held']));
    await verification.arrived.opened;
    expect((await rejection({})).status).toBe(429);
    wire.destroy();
    verification.released.open();
    await expect(eventually(() => arena.connect())).resolves.toBeInstanceOf(TestSocket);
  });

  test.each([
    ['a method that is not GET', 'POST /ws HTTP/1.1', 405],
    ['no key', 'GET /ws HTTP/1.1', 400],
  ])('that is no handshake is ended: %s', async (_, line, status) => {
    await start({ limits: { connections: { pendingPerAddress: 1 } } });
    const lines = [line, ...handshake().slice(1)].filter((header) => status === 405 || !header.includes('Key'));
    expect(await raw(lines)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await raw(lines)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  const verified: readonly (readonly [string, string])[] = [
    ['at once', 'ann'],
    ['after all of them have arrived', 'held'],
  ];

  test.each(verified)(
    "R4: keeps frames of the handshake's own segment when the token is verified %s",
    async (_, token) => {
      await start();
      const verification = HeldVerification.next();
      const sockets = new ServerSockets(arena);
      const wire = await RawWire.open(arena.port);
      wire.write(
        Buffer.concat([
          Buffer.from(head([...handshake(), `Authorization: Bearer ${token}`])),
          rawText({ type: 'hello', clientId: 'client-0123456789abcdef' }),
          rawText({ type: 'subscribe', topics: [{ topic: 'battles/3' }], ref: 's' }),
          rawText({ type: 'action', id: '1', name: 'double', data: { n: 4 } }),
        ]),
      );
      wire.write(rawText({ type: 'ping', time: 9 }));
      await sockets.received(wire);
      verification.released.open();
      const heard = await wire.until((text) => ['"ack"', '"snapshot"', '"pong"'].every((word) => text.includes(word)));
      expect(heard.indexOf('"welcome"')).toBeLessThan(heard.indexOf('"subscribed"'));
      expect(heard).toContain(`"data":{"n":8,"by":"${token}"}`);
      wire.destroy();
    },
  );

  test('over a message above the limit is closed with 1009', async () => {
    await start();
    const socket = await arena.welcome();
    socket.send({ type: 'action', id: '1', name: 'double', data: 'x'.repeat(65_536) });
    expect(await socket.closed()).toBe(1009);
  });
});

function handshake(): string[] {
  return handshakeOf(arena.port);
}

function raw(lines: readonly string[]): Promise<string> {
  return exchangeRaw(arena.port, head(lines));
}

/** Tries again in each turn of the event loop until it works; the test's timeout ends it. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await eventLoopTurn();
    }
  }
}

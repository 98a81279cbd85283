import { afterEach, describe, expect, test } from '@jest/globals';

import { RealtimeConnections, type RealtimeModuleOptions } from '../../src/index.js';
import { TestApplication, type Platform } from '../support/test-application.js';
import { UpgradeRejectedError } from '../support/test-socket.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { CLIENT_ID, post, send } from '../support/transports.js';

const OURS = 'https://play.example';
const EVIL = 'https://evil.example';

let arena: TestApplication;

afterEach(() => arena.close());

async function start(platform: Platform, realtime: RealtimeModuleOptions = {}): Promise<void> {
  const options = { authenticate, cookie: 'session', ...realtime };
  arena = await TestApplication.start({ platform, realtime: options, providers: arenaProviders });
}

function statusOfUpgrade(options: Parameters<TestApplication['connect']>[0]): Promise<number> {
  return arena.connect(options).then(
    () => 101,
    (error: UpgradeRejectedError) => error.status,
  );
}

describe.each<Platform>(['express', 'fastify'])('on %s', (platform) => {
  test('A19: a preflight reveals nothing to a foreign origin, and its answer varies by origin', async () => {
    await start(platform, { allowedOrigins: [OURS] });
    const ask = (origin: string) =>
      send(arena, {
        method: 'OPTIONS',
        path: '/realtime/actions',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-evil' },
      });
    const ours = await ask(OURS);
    expect(ours.headers).toMatchObject({ 'access-control-allow-origin': OURS, 'cache-control': 'no-store' });
    expect(ours.headers.vary).toContain('Origin');
    expect(ours.headers['access-control-allow-headers']).not.toContain('x-evil');
    const evil = await ask(EVIL);
    expect(evil.status).toBe(403);
    expect(Object.keys(evil.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(evil.headers.vary).toContain('Origin');
  });

  test('A19: no header reflects a foreign origin or allows every origin with credentials', async () => {
    await start(platform, { allowedOrigins: [OURS] });
    for (const origin of [EVIL, 'null', '*', `${OURS}.evil.example`, `${OURS},${EVIL}`]) {
      for (const path of ['/realtime/config', '/realtime/snapshot?topic=battles/1']) {
        const answer = await send(arena, { path, headers: { origin, cookie: 'session=alice' } });
        expect({ origin, status: answer.status }).toEqual({ origin, status: 403 });
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        expect(Object.values(answer.headers)).not.toContain(origin);
        // The error names the origin. No browser shows JSON as a page.
        expect(answer.headers['content-type']).toMatch(/^application\/json/);
      }
    }
    const own = await send(arena, { path: '/realtime/config', headers: { origin: OURS } });
    expect(own.headers['access-control-allow-origin']).toBe(OURS);
  });

  test('A21: a page of another site cannot open a WebSocket with the cookie of its visitor', async () => {
    await start(platform);
    const headers = { cookie: 'session=alice' };
    for (const origin of [
      EVIL,
      'null',
      arena.origin.replace('127.0.0.1', 'localhost'),
      `${arena.origin}.evil.example`,
    ]) {
      expect(await statusOfUpgrade({ origin, headers })).toBe(403);
      expect(await statusOfUpgrade({ origin, headers: { ...headers, 'sec-fetch-site': 'same-origin' } })).toBe(403);
    }
    const stripped = await arena.connect({ headers: { ...headers, 'sec-fetch-site': 'cross-site' } });
    await stripped.hello();
    expect(arena.connections.list().map(({ user }) => user)).toEqual([undefined]);
    expect(await statusOfUpgrade({ origin: arena.origin, headers })).toBe(101);
  });

  test('A21: a cookie and a token of different users cannot share a WebSocket', async () => {
    await start(platform);
    const socket = await arena.connect({ origin: arena.origin, headers: { cookie: 'session=alice' } });
    await socket.hello();
    socket.send({ type: 'authenticate', token: 'mallory', ref: 'r' });
    expect(await socket.next('error')).toMatchObject({ code: 'forbidden', ref: 'r' });
    socket.send({ type: 'action', id: '1', name: 'double', data: { n: 1 } });
    expect(await socket.next('ack')).toMatchObject({ data: { by: 'alice' } });
    const anonymous = await arena.welcome();
    anonymous.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await anonymous.next('error')).toMatchObject({ code: 'forbidden' });
  });

  test('A23: spoofed address and host headers have no effect', async () => {
    await start(platform, {
      limits: { connections: { perAddress: 1, newPerSecondPerAddress: 0 } },
      trustedProxies: ['192.0.2.1'],
    });
    const spoofed = {
      'x-forwarded-for': '198.51.100.7',
      'x-real-ip': '198.51.100.7',
      forwarded: 'for=198.51.100.7;proto=https;host=evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-user': 'alice',
      'x-user': 'alice',
      'true-client-ip': '198.51.100.7',
      'cf-connecting-ip': '198.51.100.7',
      'x-client-ip': '198.51.100.7',
      authorization: 'Basic YWxpY2U6YWxpY2U=',
    };
    const first = await arena.connect({ headers: spoofed });
    await first.hello();
    expect(arena.connections.list().map(({ user }) => user)).toEqual([undefined]);
    for (const [name, value] of Object.entries(spoofed)) {
      expect({ name, status: await statusOfUpgrade({ headers: { [name]: value.replace('.7', '.8') } }) }).toEqual({
        name,
        status: 429,
      });
    }
    expect(await statusOfUpgrade({ headers: spoofed, origin: EVIL })).toBe(403);
    const body = { clientId: CLIENT_ID, id: '1', name: 'double', data: { n: 1 } };
    expect((await post(arena, '/realtime/actions', body, spoofed)).json).toEqual({
      type: 'ack',
      id: '1',
      data: { n: 2 },
    });
  });

  test('A15: connection ids and epochs are long, new each time, and give no access', async () => {
    await start(platform, { limits: { connections: { newPerSecondPerAddress: 0 } } });
    const ids = new Set<string>();
    const epochs = new Set<string>();
    for (let count = 0; count < 50; count++) {
      const socket = await arena.connect();
      ids.add((await socket.hello()).connectionId);
      socket.send({ type: 'subscribe', topics: [{ topic: `battles/${count}` }] });
      epochs.add((await socket.next('subscribed')).epoch);
      if (count < 40) await socket.close();
    }
    for (const all of [ids, epochs]) {
      expect(all.size).toBe(50);
      // 128 random bits in base64url share only a short random prefix.
      for (const id of all) expect(id).toMatch(/^[A-Za-z0-9_-]{22,}$/);
      expect(new Set([...all].map((id) => id.slice(0, 6))).size).toBeGreaterThan(45);
    }
    // An id gives no access: it is an unknown token, and as a client id it names another client.
    const [victim = ''] = arena
      .get(RealtimeConnections)
      .list()
      .map(({ id }) => id);
    const mallory = await arena.connect();
    mallory.send({ type: 'hello', clientId: victim });
    await mallory.next('welcome');
    mallory.send({ type: 'subscribe', topics: [{ topic: 'secrets/alice' }] });
    expect(await mallory.next('error')).toMatchObject({ code: 'forbidden' });
    expect(arena.connections.list().some(({ id }) => id === victim)).toBe(true);
  });
});

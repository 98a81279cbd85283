import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { battle, type BattleSnapshot } from '@statewire/arena';
import type { RealtimeClient, TopicState } from '@statewire/client';
import { firstValueFrom, map, take, toArray } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';

import { arenaClient, reached, startBattle } from './arena-client.js';
import { ArenaServer } from './arena-server.js';
import { Nginx, type NginxOptions } from './nginx.js';
import { missingProxy, ProxyProcess } from './proxy-process.js';

const missing = missingProxy('nginx', 'nginx-light');
const describeWithNginx = missing === undefined ? describe : describe.skip;

describeWithNginx(`The frontend image’s nginx${missing === undefined ? '' : ` (${missing})`}`, () => {
  /** Milliseconds: a tenth of the timeout that it keeps away, so that a busy machine may be late. */
  const HEARTBEAT = 300;
  let server: ArenaServer;
  const clients: RealtimeClient[] = [];

  beforeAll(async () => {
    server = await ArenaServer.start({ TRUSTED_PROXIES: 'loopback', ARENA_HEARTBEAT_MILLISECONDS: String(HEARTBEAT) });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await ProxyProcess.stopAll();
  });

  afterAll(async () => {
    expect(await ArenaServer.stopAll()).toEqual([0]);
  });

  function nginx(options?: NginxOptions, port = server.port): Promise<Nginx> {
    return Nginx.start({ host: '127.0.0.1', port }, options);
  }

  function connect(origin: string, options?: Parameters<typeof arenaClient>[1]): RealtimeClient {
    const client = arenaClient(origin, options);
    clients.push(client);
    return client;
  }

  test('proxies the upgrade, and a battle streams through it', async () => {
    const { origin } = await nginx();
    const battleId = await startBattle(origin);
    const client = connect(origin);
    const ticks = await firstValueFrom(
      client.state(battle.with({ battleId })).pipe(
        map(({ tick }) => tick),
        take(10),
        toArray(),
      ),
    );

    expect(client.status).toMatchObject({ state: 'live', transport: 'websocket' });
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
  });

  test('keeps an idle connection beyond its timeout, because of heartbeats', async () => {
    const { origin } = await nginx({ proxyTimeout: '3s' });
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, 'statewire.v1.json');
    let pings = 0;
    const ends = new Promise<string>((resolve) => {
      socket.once('close', () => resolve('closed'));
      socket.on('message', (data: Buffer) => {
        if (!data.toString().startsWith('{"type":"ping"')) return;
        pings += 1;
        socket.send('{"type":"pong"}');
        if (pings * HEARTBEAT > 4_000) resolve('still open');
      });
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', clientId: 'idle-through-nginx-012345' }));

    expect(await ends).toBe('still open');
    socket.close();
  });

  test('cuts an idle connection to a server without heartbeats, so the test above can fail', async () => {
    const quiet = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(quiet, 'listening');
    const { port } = quiet.address() as AddressInfo;
    const { origin } = await nginx({ proxyTimeout: '1s' }, port);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, 'statewire.v1.json');
    const closed = once(socket, 'close') as Promise<[number]>;

    // Without a close frame: neither side asked for it.
    expect((await closed)[0]).toBe(1006);
    quiet.close();
  });

  test('proxies polling without a loss', async () => {
    const { origin } = await nginx();
    const battleId = await startBattle(origin);
    const client = connect(origin, { webSocket: { enabled: false }, polling: { intervalMs: 200 } });
    const value = await firstValueFrom(client.state(battle.with({ battleId })));

    expect(client.status).toMatchObject({ state: 'polling' });
    expect(value.battleId).toBe(battleId);
  });

  test('reloads while clients are connected, and they see every position once', async () => {
    const proxy = await nginx();
    const battleId = await startBattle(proxy.origin);
    const client = connect(proxy.origin);
    const seen: TopicState<BattleSnapshot>[] = [];
    const subscription = client.topic(battle.with({ battleId })).subscribe((state) => seen.push(state));
    await reached(client, 'live');
    await firstValueFrom(client.state(battle.with({ battleId })).pipe(take(3), toArray()));
    proxy.reload();
    await firstValueFrom(client.state(battle.with({ battleId })).pipe(take(15), toArray()));
    const late = connect(proxy.origin);
    late.connect();
    await reached(late, 'live');
    subscription.unsubscribe();

    const offsets = seen.flatMap(({ position }) => position?.offset ?? []);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(client.metrics.holes).toBe(0);
    expect(proxy.errors()).toEqual([]);
  });

  test('serves the client with the run-time switch, and caches hashed files permanently', async () => {
    const { origin } = await nginx({ websocketEnabled: false });

    expect(await (await fetch(`${origin}/config.json`)).json()).toEqual({ WEBSOCKET_ENABLED: false });
    const page = await fetch(`${origin}/battles/any`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1];
    const asset = await fetch(`${origin}/${script}`);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${origin}/missing-ABCDEFGH.js`)).status).toBe(404);
  });

  test('proxies no other upgrade, so that an offer of HTTP/2 gets plain HTTP', async () => {
    const { port } = await nginx();
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'h2c' };
      get({ host: '127.0.0.1', port, path: '/api/state', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).once('error', reject);
    });

    expect(status).toBe(200);
  });
});

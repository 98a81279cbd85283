import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { request, type Server } from 'node:http';
import { io, type Socket as IoSocket } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';

import { TestApplication, type Platform } from './support/test-application.js';
import { untilTrue } from './support/event-loop-turn.js';
import { UpgradeRejectedError } from './support/test-socket.js';
import { arenaProviders, authenticate, HeldVerification } from './support/arena-fixture.js';

@WebSocketGateway({ path: '/plain' })
class PlainGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: string): { event: string; data: string } {
    return { event: 'echo', data };
  }
}

/** Milliseconds after which engine.io ends an upgrade that is not its own. */
const STRANGER_TIMEOUT = 3_723_000;

@WebSocketGateway({ transports: ['websocket'], destroyUpgradeTimeout: STRANGER_TIMEOUT })
class IoGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: string): string {
    return data;
  }
}

let arena: TestApplication;
let foreign: WebSocketServer | undefined;
let ioClient: IoSocket | undefined;

afterEach(async () => {
  jest.restoreAllMocks();
  ioClient?.disconnect();
  foreign?.close();
  foreign = ioClient = undefined;
  await arena.close();
});

async function start(options: {
  platform: Platform;
  providers?: NonNullable<Parameters<typeof TestApplication.start>[0]>['providers'];
  configure?: (app: INestApplication) => void;
}): Promise<void> {
  const { providers = [], ...rest } = options;
  arena = await TestApplication.start({
    ...rest,
    realtime: { authenticate },
    providers: [...arenaProviders, ...providers],
  });
}

function httpServer(app: INestApplication): Server {
  return app.getHttpServer() as Server;
}

/** A WebSocket server of the application. It answers 400 for unknown paths. */
function listenForeign(app: INestApplication): void {
  foreign = new WebSocketServer({ server: httpServer(app), path: '/foreign' });
  foreign.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => socket.send(`foreign ${data.toString()}`)),
  );
}

async function ask(path: string, message: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${arena.port}${path}`);
  try {
    return await new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(message));
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
  } finally {
    socket.terminate();
  }
}

async function expectRealtime(): Promise<void> {
  const socket = await arena.welcome();
  socket.send({ type: 'subscribe', topics: [{ topic: 'battles/5' }] });
  expect(await socket.next('snapshot')).toMatchObject({ data: { hp: 5 } });
}

/** Advances past the timeout of engine.io for foreign upgrades. Returns the number of timers that ran. */
function endStrangers({ mock }: jest.SpiedFunction<typeof setTimeout>): number {
  const due = mock.calls.flatMap(([callback, ms], call) => (ms === STRANGER_TIMEOUT ? [{ callback, call }] : []));
  for (const { callback, call } of due) {
    clearTimeout(mock.results[call]?.value as NodeJS.Timeout);
    callback();
  }
  mock.calls.length = 0;
  mock.results.length = 0;
  return due.length;
}

const ECHO = JSON.stringify({ event: 'echo', data: 'hi' });

describe.each<Platform>(['express', 'fastify'])('beside Statewire on %s', (platform) => {
  test('a plain ws gateway still works', async () => {
    await start({
      platform,
      providers: [PlainGateway],
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    });
    expect(await ask('/plain', ECHO)).toBe(ECHO);
    await expectRealtime();
    expect(await ask('/plain', ECHO)).toBe(ECHO);
  });

  test('a socket.io gateway still works with the default adapter of Nest', async () => {
    await start({ platform, providers: [IoGateway] });
    ioClient = io(arena.origin, { transports: ['websocket'] });
    expect(await ioClient.emitWithAck('echo', 'hi')).toBe('hi');
    await expectRealtime();
    expect(await ioClient.emitWithAck('echo', 'again')).toBe('again');
  });

  test('a socket.io gateway still works with the adapter of the application', async () => {
    await start({
      platform,
      providers: [IoGateway],
      configure: (app) => app.useWebSocketAdapter(new IoAdapter(app)),
    });
    ioClient = io(arena.origin, { transports: ['websocket'] });
    expect(await ioClient.emitWithAck('echo', 'hi')).toBe('hi');
    await expectRealtime();
  });

  test('a WebSocket server of the application still works and does not end other upgrades', async () => {
    await start({ platform, configure: listenForeign });
    expect(await ask('/foreign', 'hi')).toBe('foreign hi');
    await expectRealtime();
  });

  test('a plain gateway and another server still work together', async () => {
    await start({
      platform,
      providers: [PlainGateway],
      configure: (app) => {
        app.useWebSocketAdapter(new WsAdapter(app));
        // A server that ends no foreign upgrade: two servers that do would end each other's upgrades anyway.
        foreign = new WebSocketServer({ noServer: true });
        const server = foreign;
        httpServer(app).on('upgrade', (upgrade, socket, head) => {
          if (upgrade.url !== '/foreign') return;
          server.handleUpgrade(upgrade, socket, head, (webSocket) => webSocket.send('foreign'));
        });
      },
    });
    expect(await ask('/plain', ECHO)).toBe(ECHO);
    expect(await ask('/foreign', '')).toBe('foreign');
    await expectRealtime();
  });
});

describe('with other gateways', () => {
  test('an upgrade without a listener ends', async () => {
    await start({
      platform: 'express',
      providers: [PlainGateway],
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    });
    await expect(arena.connect({ path: '/nowhere' })).rejects.toThrow(UpgradeRejectedError);
  });

  test('an engine.io server does not end an upgrade during a slow admission', async () => {
    await start({ platform: 'express', providers: [IoGateway] });
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const stranger = arena.connect({ path: '/nowhere' });
    await untilTrue(() => endStrangers(timers) === 1);
    await expect(stranger).rejects.toThrow();

    const verification = HeldVerification.next();
    const connecting = arena.connect({ headers: { authorization: 'Bearer held' } });
    await verification.arrived.opened;
    expect(endStrangers(timers)).toBe(0);
    verification.released.open();
    const { connectionId } = await (await connecting).hello();
    expect(arena.connections.list()).toMatchObject([{ id: connectionId, user: 'held' }]);
  });

  test.each(['/ws', 'ws', '/ws/'])('another gateway at the same path stops the start: %s', async (path) => {
    @WebSocketGateway({ path })
    class RivalGateway {}

    const starting = TestApplication.start({ providers: [RivalGateway] });
    await expect(starting).rejects.toThrow('Another gateway uses the path "/ws" of RealtimeModule.');
    await start({ platform: 'express' });
  });

  test('plain requests of the application still work', async () => {
    await start({ platform: 'express', configure: listenForeign });
    const status = await new Promise((resolve, reject) => {
      request(`${arena.origin}/nothing`, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(404);
  });
});

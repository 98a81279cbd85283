import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Injectable, Post, type HttpServer, type OnApplicationShutdown } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { VirtualEnvironment } from '@statewire/testing';

import { DrainState } from '../src/core/drain-state.js';
import { arenaProviders, authenticate, HeldVerification, SlowWork } from './support/arena-fixture.js';
import { untilTrue } from './support/event-loop-turn.js';
import { handshake, head, RawWire } from './support/raw-wire.js';
import { TestApplication } from './support/test-application.js';

const WINDOW = 10_000;
/** Milliseconds after the window, as the README promises. */
const GRACE = 4_000;

/** TLS with a shared key, which needs no certificate. */
const PSK = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const KEY = Buffer.alloc(16, 1);
const SERVER_TLS = { ...PSK, pskCallback: () => KEY };
const CLIENT_TLS = {
  ...PSK,
  pskCallback: () => ({ psk: KEY, identity: 'client' }),
  checkServerIdentity: () => undefined,
};

@Injectable()
class Hooks implements OnApplicationShutdown {
  called = false;

  onApplicationShutdown(): void {
    this.called = true;
  }
}

@Controller('application')
class ApplicationController {
  static requests = 0;

  @Get('never')
  never(): Promise<never> {
    ApplicationController.requests += 1;
    return new Promise(() => undefined);
  }

  @Post('body')
  body(): string {
    return 'read';
  }
}

let arena: TestApplication;
let clock: VirtualEnvironment;
let client: { destroy(): unknown } | undefined;

afterEach(async () => {
  client?.destroy();
  client = undefined;
  await arena.close();
});

async function start(adapter: HttpServer, windowMs = WINDOW, httpsOptions?: object): Promise<void> {
  clock = new VirtualEnvironment();
  ApplicationController.requests = 0;
  arena = await TestApplication.start({
    clock,
    adapter,
    realtime: { authenticate, drain: { windowMs }, limits: { timeouts: { authenticationMs: 0, stalledMs: 0 } } },
    providers: [...arenaProviders, Hooks],
    controllers: [ApplicationController],
    ...(httpsOptions === undefined ? {} : { httpsOptions }),
  });
}

/** Closes the application at the end of the promised time. Fails by the timeout of the test if a connection holds it. */
async function closeInTime(): Promise<void> {
  const closed = arena.app.close();
  await untilTrue(() => arena.get(DrainState).draining);
  await clock.advance(WINDOW + GRACE);
  await closed;
  expect(arena.get(Hooks).called).toBe(true);
}

const post = (path: string, port: number): string =>
  head([`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Content-Type: application/json', 'Content-Length: 999']);
const get = (path: string, port: number): string => head([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`]);

/** Opens a connection of one kind, and resolves when the server has it. */
const KINDS: readonly [string, (port: number, accepted: Socket[]) => Promise<RawWire>][] = [
  ['has sent nothing', (port) => RawWire.open(port)],
  ['has sent half a head', (port, accepted) => written(port, accepted, 'GET /realtime/config HTTP/1.1\r\nHo')],
  ['has sent half a poll', (port, accepted) => written(port, accepted, `${post('/realtime/poll', port)}{"cl`)],
  ['has sent half a request', (port, accepted) => written(port, accepted, `${post('/application/body', port)}{"a`)],
  [
    'is idle after an answer',
    async (port) => {
      const wire = await RawWire.open(port);
      wire.write(get('/realtime/config', port));
      await wire.until((text) => text.includes('"actionWindow"'));
      return wire;
    },
  ],
  [
    'waits for an answer of the application',
    async (port) => {
      const wire = await RawWire.open(port);
      wire.write(get('/application/never', port));
      await untilTrue(() => ApplicationController.requests === 1);
      return wire;
    },
  ],
  [
    'waits for its upgrade',
    async (port) => {
      const held = HeldVerification.next();
      const wire = await RawWire.open(port);
      wire.write(head([...handshake(port), 'Authorization: Bearer held']));
      await held.arrived.opened;
      return wire;
    },
  ],
  ['answers no close frame', (port) => RawWire.welcomed(port)],
  ['never says hello', (port) => RawWire.upgraded(port)],
];

async function written(port: number, accepted: readonly Socket[], bytes: string): Promise<RawWire> {
  const wire = await RawWire.open(port);
  wire.write(bytes);
  await untilTrue(() => accepted.some(({ bytesRead }) => bytesRead === bytes.length));
  return wire;
}

describe.each<[string, () => HttpServer]>([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('R11: a shutdown on %s ends after the window and the grace period', (_, adapter) => {
  test.each(KINDS)('with a connection that %s', async (_kind, open) => {
    await start(adapter());
    const accepted: Socket[] = [];
    (arena.app.getHttpServer() as Server).on('connection', (socket) => accepted.push(socket));
    const wire = await open(arena.port, accepted);
    client = wire;
    await untilTrue(() => accepted.length === 1);
    await closeInTime();
    await wire.end();
  });

  test('and frees its port at once if there is no window', async () => {
    await start(adapter(), 0);
    const socket = await arena.welcome();
    socket.send({ type: 'action', id: '1', name: 'slow' });
    const { running } = arena.get(SlowWork);
    await untilTrue(() => running.length === 1);
    let isClosed = false;
    const closed = arena.app.close().then(() => (isClosed = true));
    await socket.next('drain');
    const next = createServer().listen(arena.port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
    expect(isClosed).toBe(false);
    running[0]!();
    expect(await socket.next('ack')).toMatchObject({ id: '1' });
    await clock.advance(0);
    await closed;
  });
});

describe('R11: a shutdown over TLS ends after the window and the grace period', () => {
  test.each<[string, (port: number) => Promise<{ destroy(): unknown }>]>([
    [
      'has not begun its handshake',
      async (port) => {
        const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      },
    ],
    [
      'has sent nothing',
      async (port) => {
        const socket = connectTls({ port, host: '127.0.0.1', ...CLIENT_TLS }).on('error', () => undefined);
        await once(socket, 'secureConnect');
        return socket;
      },
    ],
    [
      'waits for an answer of the application',
      async (port) => {
        const socket = connectTls({ port, host: '127.0.0.1', ...CLIENT_TLS }).on('error', () => undefined);
        socket.write(get('/application/never', port));
        await untilTrue(() => ApplicationController.requests === 1);
        return socket;
      },
    ],
  ])('with a connection that %s', async (_, open) => {
    await start(new ExpressAdapter(), WINDOW, SERVER_TLS);
    let accepted = 0;
    (arena.app.getHttpServer() as Server).on('connection', () => (accepted += 1));
    client = await open(arena.port);
    await untilTrue(() => accepted === 1);
    await closeInTime();
  });
});

describe('R11: a shutdown over HTTP/2 ends after the window and the grace period', () => {
  test.each<[string, string | undefined]>([
    ['is idle', undefined],
    ['waits for an answer of the application', '/application/never'],
  ])('with a session that %s', async (_, path) => {
    await start(new FastifyAdapter({ http2: true }));
    const session = connectHttp2(arena.origin).on('error', () => undefined);
    client = session;
    await once(session, 'remoteSettings');
    if (path !== undefined) {
      session.request({ ':path': path }).on('error', () => undefined);
      await untilTrue(() => ApplicationController.requests === 1);
    }
    await closeInTime();
  });

  test('with a connection that has sent nothing', async () => {
    await start(new FastifyAdapter({ http2: true }));
    let accepted = 0;
    (arena.app.getHttpServer() as Server).on('connection', () => (accepted += 1));
    client = await RawWire.open(arena.port);
    await untilTrue(() => accepted === 1);
    await closeInTime();
  });
});

import { connect } from 'node:net';
import { once } from 'node:events';

import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Controller,
  Get,
  Post,
  VersioningType,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, type AbstractHttpAdapter } from '@nestjs/core';
import { action, eventTopic, stateTopic } from '@statewire/protocol';
import { map } from 'rxjs';

import { ActionData, OnAction, OnTopic, RealtimeHandlers } from '../src/index.js';
import { TestApplication, type Platform } from './support/test-application.js';
import { CLIENT_ID, poll, post, send, type TestAnswer } from './support/transports.js';

const lobby = stateTopic<{ battles: number }>()('lobby');
const log = eventTopic<string>()('log');

@RealtimeHandlers()
class Handlers {
  @OnTopic(lobby)
  lobby() {
    return { battles: 3 };
  }

  @OnTopic(log)
  log(): void {}

  @OnAction(action<unknown, unknown>('echo'))
  echo(@ActionData({ transform: (value: unknown) => value }) data: unknown): unknown {
    return data;
  }
}

@Controller('realtime')
class Neighbour {
  @Get('health')
  health(): string {
    return 'well';
  }

  @Post('poll')
  shadow(): string {
    return 'the controller';
  }
}

const wrap: NestInterceptor = {
  intercept: (_context, next) => next.handle().pipe(map((data: unknown) => ({ wrapped: data }))),
};

class Meddling {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_request: unknown, response: { end(text: string): void }) => response.end('the middleware'))
      .forRoutes('{*path}');
  }
}

/** All options of the HTTP side of an application. */
function meddle(app: INestApplication): void {
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.enableCors({ origin: 'https://other.example', exposedHeaders: 'X-Other' });
  app.use((_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
    response.setHeader('X-Meddled', 'yes');
    next();
  });
}

function expectUnmeddled({ headers }: TestAnswer): void {
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-meddled']));
  expect(headers['x-powered-by']).toBeUndefined();
  expect(headers['access-control-allow-origin']).not.toBe('https://other.example');
}

describe.each<Platform>(['express', 'fastify'])('the HTTP binding on %s', (platform) => {
  let arena: TestApplication;

  async function start(options: Parameters<typeof TestApplication.start>[0] = {}): Promise<TestApplication> {
    arena = await TestApplication.start({ ...options, providers: [Handlers, ...(options.providers ?? [])], platform });
    return arena;
  }

  afterEach(() => arena.close());

  describe('independent of the controllers of the application', () => {
    async function startMeddled(): Promise<void> {
      await start({
        providers: [{ provide: APP_INTERCEPTOR, useValue: wrap }],
        imports: [{ module: Meddling }],
        controllers: [Neighbour],
        configure: meddle,
      });
    }

    test('a poll gets 200 with frames', async () => {
      await startMeddled();
      const answer = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [{ topic: 'lobby' }] });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        frames: [
          { type: 'subscribed', topic: 'lobby', kind: 'state', epoch: expect.any(String), offset: 1, recovered: false },
          expect.objectContaining({ type: 'snapshot', topic: 'lobby', offset: 1, data: { battles: 3 } }),
        ],
        websocket: true,
        serverTime: expect.any(Number),
      });
      expect(answer.headers['cache-control']).toBe('no-store');
      expectUnmeddled(answer);
    });

    test('an action gets 200 with its ack', async () => {
      await startMeddled();
      const answer = await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'echo', data: [1] });
      expect(answer).toMatchObject({ status: 200, json: { type: 'ack', id: '1', data: [1] } });
      expect(answer.headers['cache-control']).toBe('no-store');
      expectUnmeddled(answer);
    });

    test('a preflight gets the answer of the binding', async () => {
      await startMeddled();
      const origin = arena.origin;
      const answer = await send(arena, {
        method: 'OPTIONS',
        path: '/realtime/poll',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(answer.status).toBe(204);
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expectUnmeddled(answer);
    });

    test('config gets an answer', async () => {
      await startMeddled();
      const answer = await send(arena, { path: '/realtime/config' });
      expect(answer).toMatchObject({
        status: 200,
        json: { websocket: true, poll: { interval: 2_000 }, actionWindow: 120_000 },
      });
      expectUnmeddled(answer);
    });
  });

  test('other paths belong to the application', async () => {
    await start({ controllers: [Neighbour] });
    expect(await send(arena, { path: '/realtime/health' })).toMatchObject({ status: 200, text: 'well' });
    expect(await send(arena, { path: '/realtime/nothing' })).toMatchObject({ status: 404 });
  });

  test('request hooks of the application run for its own requests', async () => {
    const seen: string[] = [];
    await start({
      controllers: [Neighbour],
      configure: (app) =>
        (app.getHttpAdapter() as AbstractHttpAdapter).setOnRequestHook(
          (request: { url: string }, _response: unknown, done: () => void) => {
            seen.push(request.url);
            done();
          },
        ),
    });
    await send(arena, { path: '/realtime/health' });
    await send(arena, { path: '/realtime/config' });
    expect(seen).toEqual(['/realtime/health']);
  });

  test('the path is an option', async () => {
    await start({ realtime: { httpPath: '/live/http' } });
    expect(await send(arena, { path: '/live/http/config' })).toMatchObject({ status: 200 });
    expect(await send(arena, { path: '/realtime/config' })).toMatchObject({ status: 404 });
  });

  describe('a snapshot', () => {
    test('of a state topic is its value with an ETag, and 304 without a change', async () => {
      await start();
      const first = await send(arena, { path: '/realtime/snapshot?topic=lobby' });
      expect(first).toMatchObject({ status: 200, json: { kind: 'state', offset: 1, data: { battles: 3 } } });
      expect(first.headers).toMatchObject({
        etag: expect.stringMatching(/^"[A-Za-z0-9_-]{1,32}:1"$/),
        'cache-control': 'private, no-cache',
        vary: 'Authorization, Cookie, Origin',
      });
      const etag = String(first.headers.etag);
      for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const second = await send(arena, {
          path: '/realtime/snapshot?topic=lobby',
          headers: { 'if-none-match': header },
        });
        expect(second).toMatchObject({ status: 304, text: '' });
        expect(second.headers.etag).toBe(etag);
      }
      await arena.bus.publish(lobby.with(), { battles: 4 });
      const third = await send(arena, { path: '/realtime/snapshot?topic=lobby', headers: { 'if-none-match': etag } });
      expect(third).toMatchObject({ status: 200, json: { offset: 2, data: { battles: 4 } } });
    });

    test('of an event topic is its history', async () => {
      await start();
      for (const text of ['a', 'b']) await arena.bus.publish(log.with(), text);
      expect((await send(arena, { path: '/realtime/snapshot?topic=log' })).json).toMatchObject({
        kind: 'events',
        offset: 2,
        events: [
          { offset: 1, data: 'a' },
          { offset: 2, data: 'b' },
        ],
      });
    });

    test.each([
      ['without a topic', '', 400, 'bad_request'],
      ['of a topic without a handler', '?topic=nowhere', 404, 'unknown_topic'],
      ['of an invalid topic name', '?topic=../../etc/passwd', 404, 'unknown_topic'],
    ])('%s is rejected', async (_, query, status, code) => {
      await start();
      const answer = await send(arena, { path: `/realtime/snapshot${query}` });
      expect(answer).toMatchObject({ status, json: { type: 'error', code } });
    });

    test('has no body for HEAD', async () => {
      await start();
      const answer = await send(arena, { method: 'HEAD', path: '/realtime/snapshot?topic=lobby' });
      expect(answer).toMatchObject({ status: 200, text: '' });
    });
  });

  describe('A20: invalid requests are rejected, and every response ends', () => {
    const body = JSON.stringify({ clientId: CLIENT_ID, topics: [] });
    const json = { 'content-type': 'application/json' };

    test.each([
      ['another content type', { method: 'POST', headers: { 'content-type': 'text/plain' }, body }, 415],
      [
        'a form',
        { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
        415,
      ],
      ['no content type', { method: 'POST', body }, 415],
      ['a compressed body', { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body }, 415],
      ['another method', { method: 'PUT', headers: json, body }, 405],
      ['GET', { method: 'GET' }, 405],
      ['invalid JSON', { method: 'POST', headers: json, body: '{' }, 400],
      ['no body', { method: 'POST', headers: json }, 400],
      ['a list', { method: 'POST', headers: json, body: '[]' }, 400],
      ['a bad client id', { method: 'POST', headers: json, body: '{"clientId":"short","topics":[]}' }, 400],
      [
        'a wait beyond 25 s',
        { method: 'POST', headers: json, body: JSON.stringify({ ...JSON.parse(body), wait: 26 }) },
        400,
      ],
      ['a body that is too large', { method: 'POST', headers: json, body: 'x'.repeat(70_000) }, 413],
      ['a body that is too deep', { method: 'POST', headers: json, body: '['.repeat(40) + ']'.repeat(40) }, 413],
      ['another protocol version', { method: 'POST', headers: { ...json, 'statewire-version': '2' }, body }, 400],
    ])('%s', async (_, request, status) => {
      await start();
      const answer = await send(arena, { path: '/realtime/poll', ...request });
      expect(answer.status).toBe(status);
      expect(answer.json).toMatchObject({ type: 'error', code: status === 413 ? 'too_large' : 'bad_request' });
    });

    test('a body with a large Content-Length is rejected before it arrives', async () => {
      await start();
      const text = await raw(
        arena,
        'POST /realtime/poll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n{',
      );
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
      expect(text).toMatch(/connection: close/i);
    });

    test('a body without a length is rejected when it exceeds the limit', async () => {
      await start();
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
      const head =
        'POST /realtime/poll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
      expect(await raw(arena, head + chunk.repeat(4))).toMatch(/^HTTP\/1\.1 413 /);
    });

    test('text that is not UTF-8 is rejected', async () => {
      await start();
      const head =
        'POST /realtime/poll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';
      expect(await raw(arena, Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28])]))).toMatch(
        /^HTTP\/1\.1 400 /,
      );
    });

    test('an unknown version gets the list of supported versions', async () => {
      await start();
      const answer = await send(arena, { path: '/realtime/config', headers: { 'statewire-version': '2' } });
      expect(answer).toMatchObject({ status: 400, json: { message: expect.stringContaining('version 1') } });
      expect(await send(arena, { path: '/realtime/config', headers: { 'statewire-version': '1' } })).toMatchObject({
        status: 200,
      });
    });

    test('a client that sends only the head has no effect on others', async () => {
      await start();
      const socket = connect(arena.port, '127.0.0.1');
      socket.write(
        'POST /realtime/poll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
      );
      await once(socket, 'connect');
      socket.resetAndDestroy();
      expect((await poll(arena, [{ topic: 'lobby' }])).frames).toHaveLength(2);
    });
  });

  test('requests of one caller above the rate get 429 with retryAfter', async () => {
    await start({ realtime: { limits: { frames: { perSecond: 2 } } } });
    const answers = [];
    for (let sent = 0; sent < 6; sent++)
      answers.push(await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [] }));
    const rejected = answers.filter(({ status }) => status === 429);
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected[0]).toMatchObject({ json: { code: 'too_many_requests', retryAfter: expect.any(Number) } });
    expect(Number(rejected[0]!.headers['retry-after'])).toBeGreaterThan(0);
    const other = { clientId: 'another-client-0123456789', topics: [] };
    expect(await post(arena, '/realtime/poll', other)).toMatchObject({ status: 200 });
  });
});

describe('the HTTP binding behind a body parser of the application', () => {
  test('uses the parsed body', async () => {
    const { default: express } = await import('express');
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    const { Test } = await import('@nestjs/testing');
    const { RealtimeModule } = await import('../src/index.js');
    const server = express();
    server.use(express.json());
    const module = await Test.createTestingModule({
      imports: [RealtimeModule.forRoot({})],
      providers: [Handlers],
    }).compile();
    const app = module.createNestApplication(new ExpressAdapter(server), { logger: false });
    await app.listen(0, '127.0.0.1');
    try {
      const response = await fetch(`${await app.getUrl()}/realtime/poll`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ clientId: CLIENT_ID, topics: [{ topic: 'lobby' }] }),
      });
      expect(((await response.json()) as { frames: unknown[] }).frames).toHaveLength(2);
    } finally {
      await app.close();
    }
  });
});

/** Sends bytes and resolves with the whole answer when the server closes. */
async function raw(arena: TestApplication, bytes: string | Buffer): Promise<string> {
  const socket = connect(arena.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (Buffer.concat(chunks).includes('"temporary"')) socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

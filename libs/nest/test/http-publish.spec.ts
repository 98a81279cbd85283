import { afterEach, describe, expect, test } from '@jest/globals';
import { UnauthorizedException } from '@nestjs/common';
import { eventTopic, presenceTopic, stateTopic, type Position, type SnapshotResponse } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import { BehaviorSubject, type Observable } from 'rxjs';

import { memoryBroker, OnPresence, OnTopic, RealtimeHandlers, type RealtimeModuleOptions } from '../src/index.js';
import { cutOffBroker, type CutOffBroker } from './support/cut-off-broker.js';
import { untilTrue } from './support/event-loop-turn.js';
import { RecordedLog } from './support/recorded-log.js';
import { sharedBroker } from './support/shared-broker.js';
import { TestApplication, type Platform } from './support/test-application.js';
import { CLIENT_ID, poll, post, send, type TestAnswer } from './support/transports.js';

const TOKEN = 'service-token-0123456789abcdefghij';
const OTHER_TOKEN = 'the-token-that-replaces-it-0123456789';
const SERVICE = { authorization: `Bearer ${TOKEN}` };

const price = stateTopic<{ cents: number }>()('prices/:sku');
const orders = eventTopic<string>()('orders');
const clock = stateTopic<number>()('clock');

@RealtimeHandlers()
class Shop {
  @OnTopic(price)
  price(): void {}

  @OnTopic(orders)
  orders(): void {}

  @OnPresence(presenceTopic<object>()(orders))
  reader(): object {
    return {};
  }

  @OnTopic(clock)
  clock(): Observable<number> {
    return new BehaviorSubject(12);
  }
}

describe.each<Platform>(['express', 'fastify'])('POST /realtime/publish on %s', (platform) => {
  let arena: TestApplication;

  async function start(realtime: RealtimeModuleOptions = {}, clock?: VirtualEnvironment): Promise<void> {
    const options = { httpPublish: { tokens: [OTHER_TOKEN, TOKEN] }, ...realtime };
    arena = await TestApplication.start({ providers: [Shop], realtime: options, platform, ...(clock && { clock }) });
  }

  const publish = (body: unknown, headers: Record<string, string> = SERVICE): Promise<TestAnswer> =>
    post(arena, '/realtime/publish', body, headers);

  async function contentOf(topic: string): Promise<SnapshotResponse> {
    return (await send(arena, { path: `/realtime/snapshot?topic=${topic}` })).json as unknown as SnapshotResponse;
  }

  afterEach(() => arena.close());

  test('publishes to connected and to polling clients, and answers the position', async () => {
    await start();
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: 'prices/tea' }] });
    expect(await socket.any()).toMatchObject({ type: 'subscribed', offset: 0 });
    const answer = await publish({ topic: 'prices/tea', data: { cents: 250 } });
    expect(answer).toMatchObject({ status: 200, json: { epoch: expect.any(String), offset: 1 } });
    expect(answer.headers['cache-control']).toBe('no-store');
    const { epoch, offset } = answer.json as unknown as Position;
    expect(await socket.any()).toMatchObject({ type: 'snapshot', offset, data: { cents: 250 } });
    const { frames } = await poll(arena, [{ topic: 'prices/tea' }]);
    expect(frames).toMatchObject([{ epoch, offset }, { data: { cents: 250 } }]);
  });

  test('publishes a list in its order, with a result for each', async () => {
    await start();
    const publications = [
      { topic: 'orders', data: 'first' },
      { topic: 'nowhere', data: 1 },
      { topic: 'orders', data: 'second' },
    ];
    const { status, json } = await publish({ publications });
    expect(status).toBe(200);
    expect(json['results']).toMatchObject([
      { offset: 1 },
      { type: 'error', code: 'unknown_topic', topic: 'nowhere' },
      { offset: 2 },
    ]);
    expect(await contentOf('orders')).toMatchObject({ events: [{ data: 'first' }, { data: 'second' }] });
  });

  test('accepts each of the tokens, so that one can replace the other', async () => {
    await start();
    const answers = await Promise.all(
      [TOKEN, OTHER_TOKEN].map((token) =>
        publish({ topic: 'orders', data: token.length }, { authorization: `Bearer ${token}` }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test.each<[string, Record<string, string>, string?]>([
    ['no token', {}],
    ['another token of the same length', { authorization: `Bearer ${TOKEN.replace('0', '1')}` }],
    ['a part of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['the token of a user', { authorization: 'Bearer ann' }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['the token in the cookie of users', { cookie: `session=${TOKEN}`, 'sec-fetch-site': 'same-origin' }],
    ['the token in the URL', {}, `?token=${TOKEN}&access_token=${TOKEN}`],
  ])('rejects %s with 401, and publishes nothing', async (_, headers, query = '') => {
    const asked: string[] = [];
    await start({
      cookie: 'session',
      authenticate: (_request, token) => {
        asked.push(token);
        return { id: token, user: token };
      },
    });
    const answer = await post(arena, `/realtime/publish${query}`, { topic: 'orders', data: 'forged' }, headers);
    expect(answer).toMatchObject({ status: 401, json: { type: 'error', code: 'unauthorized' } });
    expect(asked).toEqual([]);
    expect(await contentOf('orders')).toMatchObject({ offset: 0 });
  });

  test('the token of a service is no token of a user', async () => {
    await start({
      authenticate: (_, token) => {
        throw new UnauthorizedException(`No: ${token.length}`);
      },
    });
    const answer = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [] }, SERVICE);
    expect(answer).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
  });

  test('does not exist without tokens', async () => {
    await start({ httpPublish: {} });
    expect((await publish({ topic: 'orders', data: 1 })).status).toBe(404);
  });

  test('follows httpPath', async () => {
    await start({ httpPath: '/live' });
    const answer = await post(arena, '/live/publish', { topic: 'orders', data: 1 }, SERVICE);
    expect(answer).toMatchObject({ status: 200, json: { offset: 1 } });
  });

  test('rejects a topic whose observable is the only publisher with 409', async () => {
    await start();
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: 'clock' }] });
    await socket.any();
    const answer = await publish({ topic: 'clock', data: 13 });
    expect(answer).toMatchObject({ status: 409, json: { code: 'conflict' } });
    expect(await contentOf('clock')).toMatchObject({ data: 12 });
  });

  test.each<[string, unknown, Record<string, string>, number, string]>([
    ['an unknown topic', { topic: 'nowhere', data: 1 }, {}, 404, 'unknown_topic'],
    ['a presence topic', { topic: 'presence/orders', data: {} }, {}, 404, 'unknown_topic'],
    ['an invalid topic', { topic: '../orders', data: 1 }, {}, 400, 'bad_request'],
    ['a body without data', { topic: 'orders' }, {}, 400, 'bad_request'],
    ['an empty list', { publications: [] }, {}, 400, 'bad_request'],
    ['another content type', { topic: 'orders', data: 1 }, { 'content-type': 'text/plain' }, 415, 'bad_request'],
    ['a compressed body', { topic: 'orders', data: 1 }, { 'content-encoding': 'gzip' }, 415, 'bad_request'],
    ['a page of another origin', { topic: 'orders', data: 1 }, { origin: 'https://other.example' }, 403, 'forbidden'],
    ['a value above its limit', { topic: 'orders', data: 'x'.repeat(2_000) }, {}, 413, 'too_large'],
    ['a body above its limit', { topic: 'orders', data: 'x'.repeat(1_100_000) }, {}, 413, 'too_large'],
  ])('rejects %s', async (_, body, headers, status, code) => {
    await start({ limits: { frames: { publicationBytes: 1_000 } } });
    expect(await publish(body, { ...SERVICE, ...headers })).toMatchObject({ status, json: { type: 'error', code } });
    expect(await contentOf('orders')).toMatchObject({ offset: 0 });
  });

  test('accepts 256 levels of a value, and rejects 257', async () => {
    await start();
    const nested = (levels: number): string => `{"topic":"orders","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const headers = { 'content-type': 'application/json', ...SERVICE };
    const sendNested = (levels: number): Promise<TestAnswer> =>
      send(arena, { method: 'POST', path: '/realtime/publish', headers, body: nested(levels) });
    expect(await sendNested(256)).toMatchObject({ status: 200 });
    expect(await sendNested(257)).toMatchObject({ status: 400, json: { code: 'bad_request' } });
  });

  test('rejects GET with 405', async () => {
    await start();
    expect((await send(arena, { path: '/realtime/publish', headers: SERVICE })).status).toBe(405);
  });

  test('counts for the rate of its address', async () => {
    await start({ limits: { frames: { perSecondPerAddress: 1 } } });
    const answers = [];
    for (let request = 0; request < 3; request += 1) answers.push(await publish({ topic: 'orders', data: request }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]!.headers['retry-after']).toBeDefined();
  });

  test('answers 503 while the broker is out of reach, and keeps nothing for later', async () => {
    let link!: CutOffBroker;
    const memory = memoryBroker();
    await start({
      broker: (context) => {
        link = cutOffBroker(memory(context));
        return link.broker;
      },
    });
    link.cutOff();
    const answer = await publish({ topic: 'prices/tea', data: { cents: 1 } });
    expect(answer).toMatchObject({ status: 503, json: { code: 'unavailable', temporary: true } });
    expect(answer.headers['retry-after']).toBe('1');
    await link.bringBack();
    expect(await contentOf('prices/tea')).toMatchObject({ offset: 0 });
  });

  test('answers 503 if the broker does not answer in time', async () => {
    const environment = new VirtualEnvironment();
    const memory = memoryBroker();
    let isHeld = false;
    const hold = (): Promise<void> => {
      isHeld = true;
      return new Promise(() => undefined);
    };
    await start({ broker: (context) => sharedBroker(memory(context), hold) }, environment);
    const answer = publish({ topic: 'orders', data: 1 });
    await untilTrue(() => isHeld);
    await environment.advance(30_000);
    expect(await answer).toMatchObject({ status: 503, json: { code: 'timeout' } });
  });
});

test('the start refuses a short token, and its error does not show it', async () => {
  const starting = TestApplication.start({ realtime: { httpPublish: { tokens: ['short'] } } });
  await expect(starting).rejects.toThrow(
    'option "httpPublish.tokens" must be a list of tokens of at least 32 characters, without spaces, got "a secret that is not shown"',
  );
});

test('the log of the start names the route, and a rejected token is not in the log', async () => {
  const log = new RecordedLog();
  const arena = await TestApplication.start({ realtime: { httpPublish: { tokens: [TOKEN] } }, logger: log.logger });
  await post(arena, '/realtime/publish', {}, { authorization: `Bearer ${OTHER_TOKEN}` });
  await arena.close();
  expect(log.text).toContain('publish=/realtime/publish');
  expect(log.text).toContain('publish-rejected reason=unauthorized');
  expect(log.text).not.toContain(OTHER_TOKEN);
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerFrame } from '@statewire/protocol';

import { TestApplication, type Platform } from '../support/test-application.js';
import type { TestSocket } from '../support/test-socket.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { CLIENT_ID, post, send, TRANSPORTS } from '../support/transports.js';

const subscribe = (since: unknown) => ({ type: 'subscribe', topics: [{ topic: 'battles/7', since }], ref: 'r' });

const BAD: readonly (readonly [string, object | string])[] = [
  ['an unknown type', { type: 'shutdown' }],
  ['a type from every object', { type: 'constructor' }],
  ['no type', {}],
  ['a type that is no text', { type: 7 }],
  ['a frame of the server', { type: 'welcome' }],
  ['a list', []],
  ['null', 'null'],
  ['nothing', ''],
  ['no JSON', '{'],
  ['two frames', '{"type":"ping"}{"type":"ping"}'],
  ['a second hello', { type: 'hello', clientId: CLIENT_ID }],
  ['a topic that is no name', { type: 'subscribe', topics: [{ topic: '../battles/7' }] }],
  ['a topic with a line break', { type: 'subscribe', topics: [{ topic: 'battles/7\n' }] }],
  ['a topic of 17 segments', { type: 'subscribe', topics: [{ topic: Array(17).fill('a').join('/') }] }],
  ['no topics', { type: 'subscribe', topics: [] }],
  ['topics that are a name', { type: 'subscribe', topics: 'battles/7' }],
  ['an offset below 0', subscribe({ epoch: 'a', offset: -1 })],
  ['an offset of 0.5', subscribe({ epoch: 'a', offset: 0.5 })],
  ['an offset of 2^53', subscribe({ epoch: 'a', offset: 2 ** 53 })],
  ['an offset that is NaN', JSON.stringify(subscribe({ epoch: 'a', offset: 'NaN' })).replace('"NaN"', 'NaN')],
  ['an offset that JSON makes of NaN', subscribe({ epoch: 'a', offset: NaN })],
  ['an offset of infinity', JSON.stringify(subscribe({ epoch: 'a', offset: 'N' })).replace('"N"', '1e999')],
  ['an offset in words', subscribe({ epoch: 'a', offset: '1' })],
  ['an epoch with a quote', subscribe({ epoch: '"', offset: 1 })],
  ['an epoch of 33 letters', subscribe({ epoch: 'a'.repeat(33), offset: 1 })],
  ['a start that is no position', subscribe('newest')],
  ['an action without an id', { type: 'action', name: 'double' }],
  ['an id of 65 letters', { type: 'action', id: 'x'.repeat(65), name: 'double' }],
  ['a ref of 33 letters', { type: 'subscribe', topics: [{ topic: 'battles/7' }], ref: 'r'.repeat(33) }],
  ['a moment that is infinite', '{"type":"ping","time":1e999}'],
];

const POSITIONS = BAD.filter(([name]) => /^an (offset|epoch)|^a start/.test(name)).map(
  ([name, frame]) =>
    [
      name,
      typeof frame === 'string'
        ? (/"since":(.*?)\}\],"ref"/.exec(frame)?.[1] ?? '')
        : JSON.stringify((frame as { topics: [{ since: unknown }] }).topics[0].since),
    ] as const,
);

const limits = { frames: { malformed: 0, perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0 } };

/** Topics of one connection, 100 per frame. */
const COUNT = process.env.STATEWIRE_TEST_TIER === 'full' ? 100_000 : 3_000;

describe.each<Platform>(['express', 'fastify'])('A9: on %s', (platform) => {
  let arena: TestApplication;
  let socket: TestSocket;

  beforeAll(async () => {
    arena = await TestApplication.start({ platform, realtime: { authenticate, limits }, providers: arenaProviders });
    socket = await arena.welcome('alice');
  });

  afterAll(() => arena.close());

  test.each(BAD)('%s gets an error, and the connection continues', async (_, frame) => {
    socket.send(frame);
    const error = await socket.next('error');
    expect(error).toMatchObject({ code: 'bad_request', temporary: false });
    await socket.roundTrip();
    expect(socket.unread).toEqual([]);
  });

  test.each(POSITIONS)('%s is rejected in a poll as well', async (_, since) => {
    const body = `{"clientId":"${CLIENT_ID}","topics":[{"topic":"battles/7","since":${since}}]}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await send(arena, { method: 'POST', path: '/realtime/poll', headers, body });
    expect(answer).toMatchObject({ status: 400, json: { type: 'error', code: 'bad_request' } });
  });

  test('the largest offset and an unknown epoch only lead to a snapshot', async () => {
    socket.send(subscribe({ epoch: 'guessed', offset: 2 ** 53 - 1 }));
    expect(await socket.next('subscribed')).toMatchObject({ recovered: false, ref: 'r' });
    expect(await socket.next('snapshot')).toMatchObject({ data: { hp: 7 } });
  });

  test.each([
    ['subscribe', { type: 'subscribe', topics: [{ topic: 'battles/7' }], ref: 'r' }],
    ['unsubscribe', { type: 'unsubscribe', topics: ['battles/7'], ref: 'r' }],
    ['authenticate', { type: 'authenticate', token: 'alice', ref: 'r' }],
    ['action', { type: 'action', id: '1', name: 'double', data: { n: 1 } }],
  ])('%s before hello is rejected without effect', async (_, frame) => {
    const early = await arena.connect();
    early.send(frame);
    expect(await early.next('error')).toMatchObject({ code: 'bad_request' });
    await early.hello();
    await early.roundTrip();
    expect(early.unread).toEqual([]);
    await early.close();
  });
});

describe.each(TRANSPORTS)('A9: over $name', ({ open }) => {
  let arena: TestApplication;

  beforeEach(async () => {
    arena ??= await TestApplication.start({ realtime: { authenticate, limits }, providers: arenaProviders });
  });

  afterAll(() => arena.close());

  test("an action with the id and client id of another user does not get that user's answer", async () => {
    const action = { id: 'the-same-id', name: 'double', data: { n: 2 } };
    const [alice, mallory, anonymous] = await Promise.all([open(arena, 'alice'), open(arena, 'mallory'), open(arena)]);
    expect(await alice.act(action)).toMatchObject({ data: { n: 4, by: 'alice' } });
    expect(await mallory.act(action)).toMatchObject({ data: { n: 4, by: 'mallory' } });
    expect(await anonymous.act(action)).toEqual({ type: 'ack', id: 'the-same-id', data: { n: 4 } });
    // The answer does not reveal that the action exists: own other data would give a conflict.
    expect(await mallory.act({ ...action, id: 'another-id', data: { n: 3 } })).toMatchObject({ type: 'ack' });
    expect(await (await open(arena, 'eve')).act({ ...action, data: { n: 5 } })).toMatchObject({
      data: { n: 10, by: 'eve' },
    });
  });
});

test('A9: with a large frame limit, 100,000 topics in one frame get one error', async () => {
  const arena = await TestApplication.start({
    realtime: { authenticate, limits: { frames: { ...limits.frames, bytes: 0 } } },
    providers: arenaProviders,
  });
  const socket = await arena.welcome();
  const topics = Array.from({ length: 100_000 }, (_, index) => ({ topic: `battles/${index}` }));
  socket.send({ type: 'subscribe', topics, ref: 'r' });
  expect(await socket.next('error')).toMatchObject({ code: 'too_many_subscriptions', ref: 'r' });
  await socket.roundTrip();
  expect(socket.unread).toEqual([]);
  expect(await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics })).toMatchObject({
    json: { code: 'too_many_subscriptions' },
  });
  await arena.close();
});

test('A9: of many thousand subscriptions of one connection, each one beyond 128 gets an error', async () => {
  const arena = await TestApplication.start({ realtime: { authenticate, limits }, providers: arenaProviders });
  const greedy = await arena.welcome('greedy');
  const answers = { subscribed: 0, rejected: 0 };
  for (let first = 0; first < COUNT; first += 1_000) {
    // With twelve bytes each they fit into a frame of 64 KiB.
    for (let frame = 0; frame < 1_000; frame += 100) {
      const topics = Array.from({ length: 100 }, (_, index) => ({ topic: `battles/${first + frame + index}` }));
      greedy.send({ type: 'subscribe', topics });
    }
    await greedy.roundTrip();
    for (const { type } of (greedy.unread as ServerFrame[]).splice(0)) {
      if (type === 'subscribed') answers.subscribed += 1;
      if (type === 'error') answers.rejected += 1;
    }
  }
  expect(answers).toEqual({ subscribed: 128, rejected: COUNT - 128 });
  expect(arena.connections.list().find(({ user }) => user === 'greedy')?.subscriptions).toHaveLength(128);
  await arena.close();
});

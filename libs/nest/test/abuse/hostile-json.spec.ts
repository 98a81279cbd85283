import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  action,
  applyDelta,
  eventTopic,
  MAX_VALUE_DEPTH,
  presenceTopic,
  stateTopic,
  type Json,
} from '@statewire/protocol';

import { ActionData, OnAction, OnPresence, OnTopic, PublishError, RealtimeHandlers } from '../../src/index.js';
import { TestApplication } from '../support/test-application.js';
import { expectPrototypesUnchanged, rememberPrototypes } from '../support/prototypes.js';
import { CLIENT_ID, poll, post, send, TRANSPORTS } from '../support/transports.js';

const NAMES = ['__proto__', 'constructor', 'toString'] as const;
const LEVELS = 100_000;

/** A JSON text with every hostile name as a key on two levels. Assigning the keys would have side effects. */
const hostile = (count: number) =>
  `{"__proto__":{"polluted":${count},"toString":[${count}]},"constructor":{"prototype":{"polluted":${count}}},` +
  `"toString":${count},"kept":{"__proto__":${count},"hasOwnProperty":null}}`;

const record = stateTopic<Json>()('records/:name');
const onlookers = presenceTopic<Json>()(record);
const proto = stateTopic<string>()('__proto__');
const constructor = stateTopic<string>()('constructor');
const toText = stateTopic<string>()('toString');
const events = eventTopic<Json>()('events/:name');

@RealtimeHandlers()
class Handlers {
  @OnTopic(record)
  record(): Json {
    return JSON.parse(hostile(0)) as Json;
  }

  @OnPresence(onlookers)
  onlooker(): Json {
    return JSON.parse(hostile(7)) as Json;
  }

  @OnTopic(proto)
  proto(): string {
    return 'of __proto__';
  }

  @OnTopic(constructor)
  ofConstructor(): string {
    return 'of constructor';
  }

  @OnTopic(toText)
  toText(): string {
    return 'of toString';
  }

  @OnTopic(events)
  events(): void {}

  @OnAction(action<Json, Json>('echo'))
  echo(@ActionData() data: Json): Json {
    return data;
  }

  @OnAction(action<Json, Json>('__proto__'))
  actProto(): Json {
    return 'by __proto__';
  }

  @OnAction(action<Json, Json>('constructor'))
  actConstructor(): Json {
    return 'by constructor';
  }

  @OnAction(action<Json, Json>('toString'))
  actToText(): Json {
    return 'by toString';
  }
}

const nested = (levels: number, text = '1') => '['.repeat(levels) + text + ']'.repeat(levels);

function deepValue(): unknown {
  let value: unknown = 1;
  for (let level = 0; level < LEVELS; level++) value = { a: value };
  return value;
}

let arena: TestApplication;
let unlimited: TestApplication;

const limits = { frames: { perSecond: 0, perSecondPerAddress: 0, malformed: 0, bytes: 0, publicationBytes: 0 } };

beforeAll(async () => {
  arena = await TestApplication.start({ providers: [Handlers], realtime: { limits } });
  unlimited = await TestApplication.start({
    providers: [Handlers],
    realtime: { limits: { frames: { ...limits.frames, depth: 0 } } },
  });
});

afterAll(() => Promise.all([arena.close(), unlimited.close()]));

beforeEach(rememberPrototypes);
afterEach(expectPrototypesUnchanged);

/** Sends a text that no serializer can produce, and resolves with the text of the answer. */
async function say(
  application: TestApplication,
  over: 'websocket' | 'http',
  path: 'actions' | 'poll',
  text: string,
): Promise<string> {
  if (over === 'http') {
    const headers = { 'content-type': 'application/json' };
    const body = `{"clientId":"${CLIENT_ID}",${text.slice(1)}`;
    return (await send(application, { method: 'POST', path: `/realtime/${path}`, headers, body })).text;
  }
  const socket = await application.welcome();
  // The comparison uses text, so it does not depend on the parser of the helper.
  const heard = new Promise<string>((resolve) =>
    socket.webSocket.once('message', (data: Buffer) => resolve(data.toString())),
  );
  socket.send(`{"type":"${path === 'actions' ? 'action' : 'subscribe'}",${text.slice(1)}`);
  const answer = await heard;
  await socket.roundTrip();
  await socket.close();
  return answer;
}

describe.each(['websocket', 'http'] as const)('over %s', (over) => {
  test.each([
    ['lists', nested(LEVELS)],
    ['records', '{"a":'.repeat(LEVELS) + '1' + '}'.repeat(LEVELS)],
    ['endless lists', '['.repeat(LEVELS)],
  ])('A12: an action with 10^5 levels of %s is rejected as too large, and the next one works', async (_, data) => {
    const answer = JSON.parse(await say(arena, over, 'actions', `{"id":"deep","name":"echo","data":${data}}`)) as Json;
    expect(answer).toMatchObject({ type: 'error', code: 'too_large', temporary: false });
    const next = JSON.parse(await say(arena, over, 'actions', '{"id":"n","name":"echo","data":[1]}')) as Json;
    expect(next).toMatchObject({ type: 'ack', data: [1] });
  });

  test('A12: topics of 10^5 levels are rejected as too large', async () => {
    const answer = await say(arena, over, 'poll', `{"topics":${nested(LEVELS)}}`);
    expect(JSON.parse(answer)).toMatchObject({ type: 'error', code: 'too_large' });
  });

  test('A12: without a depth limit, 10^5 levels get an exact answer or a typed error, and the process survives', async () => {
    const data = nested(LEVELS);
    const answer = await say(unlimited, over, 'actions', `{"id":"all","name":"echo","data":${data}}`);
    if (answer.startsWith('{"type":"ack"')) expect(answer).toContain(data);
    else expect(JSON.parse(answer)).toMatchObject({ type: 'error', code: expect.any(String) });
    const next = await say(unlimited, over, 'actions', '{"id":"n","name":"echo","data":[1]}');
    expect(JSON.parse(next)).toMatchObject({ type: 'ack', data: [1] });
  });

  test('A13: hostile keys in action data round-trip and do not become fields of the frame', async () => {
    const answer = await say(arena, over, 'actions', `{"id":"keys","name":"echo","data":${hostile(1)}}`);
    expect(answer).toContain(hostile(1));
    const inherited = await say(arena, over, 'actions', '{"__proto__":{"id":"x","name":"echo"},"constructor":1}');
    expect(JSON.parse(inherited)).toMatchObject({ type: 'error', code: 'bad_request' });
  });
});

describe.each(TRANSPORTS)('over $name', ({ open }) => {
  test.each(NAMES)('A13: a topic and an action named %s work like others', async (name) => {
    const caller = await open(arena);
    expect(await caller.read(name)).toMatchObject({ topic: name });
    expect(await caller.act({ id: name, name })).toEqual({ type: 'ack', id: name, data: `by ${name}` });
    expect(await caller.read(`${name}/${name}`)).toMatchObject({ type: 'error', code: 'unknown_topic' });
    expect(await caller.act({ id: `${name}-x`, name: `${name}.${name}` })).toMatchObject({ code: 'unknown_action' });
  });
});

test.each(NAMES)('A13: the topic %s and a topic with this parameter each keep their own value', async (name) => {
  const { frames } = await poll(arena, [{ topic: name }, { topic: `records/${name}` }]);
  expect(frames).toContainEqual(expect.objectContaining({ type: 'snapshot', topic: name, data: `of ${name}` }));
  const snapshot = frames.find((frame) => frame.type === 'snapshot' && frame.topic === `records/${name}`);
  expect(JSON.stringify(snapshot)).toContain(hostile(0));
});

test.each(NAMES)(
  'A13: hostile keys published to records/%s are exact, in snapshots, deltas and events',
  async (name) => {
    const topic = `records/${name}`;
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic }, { topic: `events/${name}` }] });
    let value = (await socket.next('snapshot')).data;
    await socket.next('subscribed', (frame) => frame.topic.startsWith('events'));
    for (let count = 1; count <= 3; count++) {
      await arena.bus.publish(record.with({ name }), JSON.parse(hostile(count)) as Json);
      const frame = await socket.next(['patch', 'snapshot']);
      value = frame.type === 'patch' ? applyDelta(value, frame.delta) : frame.data;
      expect(JSON.stringify(value)).toBe(hostile(count));
      await arena.bus.publish(events.with({ name }), JSON.parse(hostile(count)) as Json);
      expect(JSON.stringify((await socket.next('event')).data)).toBe(hostile(count));
    }
    await arena.bus.publish(record.with({ name }), JSON.parse(hostile(0)) as Json);
    await socket.close();
  },
);

test.each(NAMES)('A13: deltas add, change and remove the key %s exactly', async (name) => {
  const topic = record.with({ name: `keys-${name}` });
  // A large unchanged part makes the delta smaller than the value.
  const kept = `"kept":"${'x'.repeat(500)}"`;
  const socket = await arena.welcome();
  await arena.bus.publish(topic, JSON.parse(`{${kept}}`) as Json);
  socket.send({ type: 'subscribe', topics: [{ topic: topic.name }] });
  let { data: value } = await socket.next('snapshot');
  for (const rest of [`,"${name}":{"polluted":1}`, `,"${name}":{"polluted":2}`, '']) {
    await arena.bus.publish(topic, JSON.parse(`{${kept}${rest}}`) as Json);
    value = applyDelta(value, (await socket.next('patch')).delta);
    expect(JSON.stringify(value)).toBe(`{${kept}${rest}}`);
  }
  await socket.close();
});

test('A13: hostile keys in presence data are exact', async () => {
  const socket = await arena.welcome();
  socket.send({ type: 'subscribe', topics: [{ topic: 'records/seen' }, { topic: 'presence/records/seen' }] });
  for (;;) {
    const frame = await socket.next(['snapshot', 'patch'], ({ topic }) => topic.startsWith('presence/'));
    if (JSON.stringify(frame).includes(`"info":${hostile(7)}`)) break;
  }
  await socket.close();
});

describe('A12: a published value', () => {
  test('with 10^5 levels is rejected with a typed error, and the earlier value stays', async () => {
    const topic = record.with({ name: 'deep' });
    await arena.bus.publish(topic, 'before');
    await expect(arena.bus.publish(topic, deepValue() as Json)).rejects.toBeInstanceOf(PublishError);
    await expect(arena.bus.publish(topic, JSON.parse(nested(LEVELS)) as Json)).rejects.toBeInstanceOf(PublishError);
    const { frames } = await poll(arena, [{ topic: topic.name }]);
    expect(frames).toContainEqual(expect.objectContaining({ type: 'snapshot', data: 'before' }));
  });

  test('with the maximum depth is delivered, and with one level more is rejected', async () => {
    const topic = record.with({ name: 'limit' });
    await arena.bus.publish(topic, JSON.parse(nested(MAX_VALUE_DEPTH)) as Json);
    await expect(arena.bus.publish(topic, JSON.parse(nested(MAX_VALUE_DEPTH + 1)) as Json)).rejects.toMatchObject({
      name: 'PublishError',
      code: 'too_deep',
    });
    const { text } = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [{ topic: topic.name }] });
    expect(text).toContain(`"data":${nested(MAX_VALUE_DEPTH)}`);
  });
});

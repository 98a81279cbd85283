import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyDelta, DELTA_CAPABILITIES, stateTopic, type Json, type ServerFrame } from '@statewire/protocol';

import { OnTopic, RealtimeHandlers } from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { CLIENT_ID, post } from './support/transports.js';

const lists = stateTopic<Json>()('lists/:id');
const stock = stateTopic<Json>()('stock/:id', { rowKey: 'sku' });

@RealtimeHandlers()
class ListHandlers {
  @OnTopic(lists)
  list(): void {}

  @OnTopic(stock)
  stock(): void {}
}

/** A row of about 97 bytes. */
const row = (i: number) => ({
  id: `u${i}`,
  name: `Player ${String(i).padStart(4, '0')}`,
  score: 100_000 - i,
  team: i % 2 ? 'red' : 'blue',
  at: 1_760_000_000_000 + i,
  tag: 'abcdefghij',
});
const rows = Array.from({ length: 50 }, (_, i) => row(i));
const [first, ...others] = rows as [ReturnType<typeof row>, ...ReturnType<typeof row>[]];
const text = 'x'.repeat(4_096);

const CHANGES: readonly (readonly [string, Json, Json])[] = [
  ['an append', rows, [...rows, row(99)]],
  ['an insertion at the head', rows, [row(99), ...rows]],
  ['a capped feed with the newest row first', rows, [row(99), ...rows.slice(0, 49)]],
  ['the last row to the top', rows, [rows[49]!, ...rows.slice(0, 49)]],
  ['an append and a change at the head', rows, [{ ...first, score: 5 }, ...others, row(99)]],
  ['two removals apart', rows, rows.filter((_, i) => i !== 5 && i !== 40)],
  ['a removal and an append', rows, [...rows.slice(0, 20), ...rows.slice(21), row(99)]],
  ['two rows swapped', rows, rows.map((one, i) => rows[i === 10 ? 11 : i === 11 ? 10 : i] ?? one)],
  ['one field of one row', rows, rows.map((one, i) => (i === 7 ? { ...one, score: 1 } : one))],
  ['a list inside an object', { rows, n: 1 }, { rows: [rows[49]!, ...rows.slice(0, 49)], n: 2 }],
  ['a text that grows', { text }, { text: `${text}!` }],
  ['a row with a text that grows', [{ id: 1, text }, { id: 2 }], [{ id: 2 }, { id: 1, text: `${text}!` }]],
];

/** The same rows without a field that identifies them. */
const withoutId = (value: Json): Json =>
  Array.isArray(value) ? value.map((one: Json) => ({ ...(one as object), id: 'same' })) : value;

let arena: TestApplication;
let topics = 0;

beforeAll(async () => {
  arena = await TestApplication.start({ providers: [ListHandlers] });
});
afterAll(() => arena.close());

async function socketWith(deltas: readonly string[] | undefined): Promise<TestSocket> {
  const socket = await arena.connect();
  socket.send({ type: 'hello', clientId: CLIENT_ID, ...(deltas && { deltas }) });
  await socket.next('welcome');
  return socket;
}

async function pollFrames(topic: string, since: object, deltas: readonly string[] | undefined): Promise<ServerFrame[]> {
  const { json } = await post(arena, '/realtime/poll', {
    ...{ clientId: CLIENT_ID, topics: [{ topic, since }] },
    ...(deltas && { deltas }),
  });
  return json.frames as unknown as ServerFrame[];
}

/** Publishes both values. Returns the frames of the second, from a WebSocket and from a poll. */
async function framesOf(
  before: Json,
  after: Json,
  { deltas, of = lists }: { readonly deltas?: readonly string[]; readonly of?: typeof lists | typeof stock } = {},
): Promise<readonly (readonly ServerFrame[])[]> {
  const topic = of.with({ id: String((topics += 1)) });
  const since = await arena.bus.publish(topic, before);
  const socket = await socketWith(deltas);
  socket.send({ type: 'subscribe', topics: [{ topic: topic.name, since }] });
  await socket.next('subscribed');
  await arena.bus.publish(topic, after);
  const live = await socket.next(['patch', 'snapshot']);
  await socket.close();
  const polled = await pollFrames(topic.name, since, deltas);
  return [[live], polled.filter(({ type }) => type !== 'subscribed')];
}

function valueAfter(before: Json, frames: readonly ServerFrame[]): Json {
  return frames.reduce<Json>((value, frame) => {
    if (frame.type === 'snapshot') return frame.data;
    if (frame.type === 'patch') return applyDelta(value, frame.delta);
    throw new Error(`Unexpected ${frame.type}`);
  }, before);
}

describe('the patch of a list, on a WebSocket and in a poll', () => {
  test.each(CHANGES)('B19: of %s has at most 6 %% of the value and is exact', async (_, before, after) => {
    for (const frames of await framesOf(before, after, { deltas: DELTA_CAPABILITIES })) {
      expect(valueAfter(before, frames)).toEqual(after);
      expect(JSON.stringify(frames[0]).length).toBeLessThanOrEqual(0.06 * JSON.stringify(after).length);
    }
  });

  test.each(CHANGES.filter(([, before]) => Array.isArray(before) && before.length === 50))(
    'B19: of %s has at most 8 %% if no field identifies the rows',
    async (_, before, after) => {
      const [from, to] = [withoutId(before), withoutId(after)];
      for (const frames of await framesOf(from, to, { deltas: DELTA_CAPABILITIES })) {
        expect(valueAfter(from, frames)).toEqual(to);
        expect(JSON.stringify(frames[0]).length).toBeLessThanOrEqual(0.08 * JSON.stringify(to).length);
      }
    },
  );

  test.each(CHANGES)('of %s is exact for a client without optional operations', async (_, before, after) => {
    for (const frames of await framesOf(before, after)) {
      expect(valueAfter(before, frames)).toEqual(after);
      expect(JSON.stringify(frames)).not.toMatch(/"<\d+":|"\+":/);
    }
  });

  test.each(CHANGES.filter(([name]) => !name.includes('text')))(
    'of %s is small on a WebSocket for a client without optional operations',
    async (_, before, after) => {
      const [[live]] = (await framesOf(before, after)) as [ServerFrame[]];
      expect(JSON.stringify(live).length).toBeLessThanOrEqual(0.08 * JSON.stringify(after).length);
    },
  );

  test('uses only the optional operations that the client named', async () => {
    const [before, after] = [
      { rows, text },
      { rows: [rows[49]!, ...rows.slice(0, 49)], text: `${text}!` },
    ];
    for (const deltas of [['move'], ['append'], ['unknown']]) {
      const [[live], [polled]] = (await framesOf(before, after, { deltas })) as [ServerFrame[], ServerFrame[]];
      expect(live).toMatchObject({ type: 'patch' });
      const used = [...JSON.stringify(live).matchAll(/"([<+])\d*":/g)].map(([, operation]) => operation);
      expect(used).toEqual(deltas[0] === 'move' ? ['<'] : deltas[0] === 'append' ? ['+'] : []);
      expect(polled).toMatchObject({ type: 'snapshot' });
    }
    for (const [frame] of await framesOf({ text }, { text: after.text }, { deltas: ['append'] })) {
      expect(frame).toMatchObject({ type: 'patch', delta: { '>text': { '+': '!' } } });
    }
  });

  test('matches rows by the field in the contract', async () => {
    const items = rows.map(({ id, ...rest }) => ({ sku: id, ...rest, id: 'same' }));
    const moved = [{ ...items[49]!, score: 1 }, ...items.slice(0, 49)];
    for (const [frame] of await framesOf(items, moved, { deltas: DELTA_CAPABILITIES, of: stock })) {
      expect(frame).toMatchObject({ type: 'patch', delta: { '<0': [49], '>49': { '=score': 1 } } });
    }
  });

  test('rejects deltas that are no list of names, and ignores many unknown names', async () => {
    const { json, status } = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [], deltas: [1] });
    expect([status, json.code]).toEqual([400, 'bad_request']);
    const socket = await arena.connect();
    socket.send({ type: 'hello', clientId: CLIENT_ID, deltas: 'move' });
    expect(await socket.next('error')).toMatchObject({ code: 'bad_request' });
    await socket.close();
    const other = await socketWith(Array.from({ length: 1_000 }, (_, index) => `x${index}`));
    await other.close();
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { action, eventTopic, stateTopic, type Json } from '@statewire/protocol';

import { setUp, type Setup } from './support/bench.js';

const NAMES = ['__proto__', 'constructor', 'toString'] as const;
const LEVELS = 100_000;
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

const hostile = (count: number) =>
  `{"__proto__":{"polluted":${count},"toString":[${count}]},"constructor":{"prototype":{"polluted":${count}}},` +
  `"toString":${count},"kept":{"__proto__":${count},"hasOwnProperty":null}}`;
const hostileValue = (count: number) => JSON.parse(hostile(count)) as Json;

const prototypes = () => [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one));
let before: unknown;

beforeEach(() => {
  before = prototypes();
});

afterEach(() => {
  expect(prototypes()).toEqual(before);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

describe.each<[string, () => Setup]>([
  ['a socket', () => setUp()],
  ['polling', () => setUp({ environment: { openWebSocket: undefined } })],
])('over %s', (transport, make) => {
  test.each(NAMES)('A13: topics, an action and keys named %s work like others', async (name) => {
    const { environment, server, client } = make();
    const state = stateTopic<Json>()(name).with();
    const events = eventTopic<Json>()(`events/${name}`).with();
    const act = action<Json, Json>(name);
    const values: string[] = [];
    const heard: string[] = [];
    server.publish(state, hostileValue(1));
    server.declare(events);
    server.handle(name, (data) => data);
    client.state(state).subscribe((value) => values.push(JSON.stringify(value)));
    client.events(events).subscribe((event) => heard.push(JSON.stringify(event)));
    await environment.advance(5_000);
    server.publish(state, hostileValue(2));
    server.publish(events, hostileValue(3));
    const answers: string[] = [];
    client.act(act, hostileValue(4)).subscribe((answer) => answers.push(JSON.stringify(answer)));
    await environment.advance(5_000);
    expect(values).toEqual([hostile(1), hostile(2)]);
    expect(heard).toEqual([hostile(3)]);
    expect(answers).toEqual([hostile(4)]);
    client.close();
  });

  test.each(NAMES)('A13: deltas add, change and remove the key %s exactly', async (name) => {
    const { environment, server, client } = make();
    const state = stateTopic<Json>()('keys').with();
    const values: string[] = [];
    // A large unchanged part makes the delta smaller than the value.
    const kept = `"kept":"${'x'.repeat(500)}"`;
    const history = [
      `{${kept}}`,
      `{${kept},"${name}":{"polluted":1}}`,
      `{${kept},"${name}":{"polluted":2}}`,
      `{${kept}}`,
    ];
    client.state(state).subscribe((value) => values.push(JSON.stringify(value)));
    for (const text of history) {
      server.publish(state, JSON.parse(text) as Json);
      await environment.advance(5_000);
    }
    expect(values).toEqual(history);
    client.close();
  });

  test('A13: an optimistic update with hostile keys is shown and removed exactly', async () => {
    const { environment, server, client } = make();
    const state = stateTopic<Json>()('__proto__').with();
    const act = action<Json, Json>('constructor');
    const values: string[] = [];
    server.publish(state, hostileValue(1));
    client.state(state).subscribe((value) => values.push(JSON.stringify(value)));
    await environment.advance(5_000);
    client.act(act, null, { optimistic: [state, () => hostileValue(2)] }).subscribe({ error: () => undefined });
    await environment.advance(5_000);
    expect(values).toEqual([hostile(1), hostile(2), hostile(1)]);
    client.close();
  });

  test.each([
    ['in the data of a snapshot', (deep: string) => `"type":"snapshot","data":${deep}`],
    ['in a delta', (deep: string) => `"type":"patch","from":1,"delta":{">a":${deep}}`],
    ['in an unknown field', (deep: string) => `"type":"snapshot","data":1,"more":${deep}`],
  ])('A12: 10^5 levels %s cause no exception, are never shown, and the next value arrives', async (_, frame) => {
    const { environment, server, client } = make();
    const state = stateTopic<Json>()('deep').with();
    const values: Json[] = [];
    const failures: unknown[] = [];
    server.publish(state, 'before');
    client.state(state).subscribe({ next: (value) => values.push(value), error: (error) => failures.push(error) });
    await environment.advance(5_000);
    const { epoch, offset } = server.position(state);
    const text = `{"topic":"deep","epoch":"${epoch}","offset":${offset + 1},${frame(nested(LEVELS))}}`;
    if (transport === 'polling') {
      server.http({ status: 200, body: `{"frames":[${text}],"websocket":false,"serverTime":1}` });
      await environment.advance(5_000);
      server.http('pass');
    } else server.connections[0]!.sendRaw(text);
    await environment.advance(60_000);
    server.publish(state, 'after');
    await environment.advance(60_000);
    expect(values).toEqual(['before', 'after']);
    expect(failures).toEqual([]);
    client.close();
  });
});

test('A12: a value of 10^5 keys is exact, and so are a change of one key and of all', async () => {
  const { environment, server, client } = setUp();
  const state = stateTopic<Json>()('wide').with();
  const wide = (value: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: LEVELS }, (_, key) => [`k${key}`, value]));
  let shown: Json | undefined;
  client.state(state).subscribe((value) => (shown = value));
  for (const value of [wide(1), { ...wide(1), k7: 2 }, wide(3)]) {
    server.publish(state, value);
    await environment.advance(5_000);
    expect(JSON.stringify(shown) === JSON.stringify(value)).toBe(true);
  }
  client.close();
});

import { describe, expect, jest, test } from '@jest/globals';

import { sharedBroker } from '../../test/support/shared-broker.js';
import { EVENTS, setUp, STATE } from '../../test/support/topics-set-up.js';
import { project } from './new-publication.js';
import { Content } from './timeline.js';

describe('publishing', () => {
  test('a value is its JSON projection', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    await topics.publish(STATE, {
      at: new Date(0),
      gone: undefined,
      list: [undefined, NaN],
      own: { toJSON: () => 'own' },
    });
    environment.tick();
    expect(alice.update().value).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [null, null], own: 'own' });
  });

  test('a change of a published object throws', async () => {
    const { topics } = setUp();
    const battle = { party: [{ hp: 10 }] };
    await topics.publish(STATE, battle);
    expect(() => (battle.party[0]!.hp = 9)).toThrow(TypeError);
    expect(() => battle.party.push({ hp: 1 })).toThrow(TypeError);
  });

  test('a change of an object that was copied is free, and reaches readers with the next publication', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    const battle = { hp: 10, name: 'a name that does not change at all', started: new Date(0) };
    await topics.publish(STATE, battle);
    battle.hp = 9;
    await topics.publish(STATE, battle);
    battle.hp = 8;
    battle.started.setFullYear(2000);
    environment.tick();
    expect(alice.update().value).toEqual({ ...battle, hp: 9, started: '1970-01-01T00:00:00.000Z' });
  });

  test.each([
    ['undefined', undefined, 'Publish null'],
    ['a function', () => 1, 'Publish null'],
    ['a symbol', Symbol('s'), 'Publish null'],
    ['a BigInt', { n: 1n }, 'BigInt'],
    ['a BigInt in a list', { rows: [{ id: 1n }] }, 'at $.rows[0].id ('],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }, 'plain data'],
  ])('rejects %s with a remedy', async (_, value, advice) => {
    const { topics } = setUp();
    const error = await topics.publish(STATE, value).catch((rejected: unknown) => rejected);
    expect(error).toMatchObject({ name: 'PublishError', code: 'not_json' });
    expect((error as Error).message).toContain(advice);
    expect((error as Error).message).toContain(STATE.name);
  });

  test('rejects a cycle without its values in the message', async () => {
    const { topics } = setUp();
    const cycle: Record<string, unknown> = { secret: 'value' };
    cycle.self = cycle;
    const error = (await topics.publish(STATE, cycle).catch((rejected: unknown) => rejected)) as Error;
    expect(error).toMatchObject({ code: 'not_json' });
    expect(error.message).not.toContain('secret');
  });

  test('rejects a value deeper than clients accept', () => {
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    expect(() => project('t', nested(256), 0)).not.toThrow();
    expect(() => project('t', nested(257), 0)).toThrow(expect.objectContaining({ code: 'too_deep' }));
  });

  test('rejects a value above limits.frames.publicationBytes bytes; 0 means no limit', () => {
    expect(project('t', 'é'.repeat(49), 100).text).toHaveLength(51);
    expect(() => project('t', 'é'.repeat(50), 100)).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(project('t', 'x'.repeat(1_000_000), 0).text).toHaveLength(1_000_002);
  });

  test('rejects a value deeper than the stack without a crash', () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(() => project('t', deep, 0)).toThrow(expect.objectContaining({ name: 'PublishError' }));
  });

  test('publications of one process keep their order, awaited or not', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(EVENTS);
    const positions = await Promise.all(Array.from({ length: 20 }, (_, n) => topics.publish(EVENTS, n)));
    environment.tick();
    expect(positions.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(alice.update().events.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('hostile keys are ordinary data', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    const hostile = (n: number) =>
      JSON.parse(`{"__proto__":{"n":${n}},"constructor":${n},"":"${'x'.repeat(100)}"}`) as object;
    await topics.publish(STATE, hostile(1));
    await topics.publish(STATE, hostile(2));
    environment.tick();
    expect(JSON.stringify(alice.update().value)).toBe(JSON.stringify(hostile(2)));
    expect(alice.types()).toEqual(['subscribed', 'snapshot', 'patch']);
    expect(({} as { n?: number }).n).toBeUndefined();
  });

  test('encodes a publication once for all readers', async () => {
    const { environment, reader, topics } = setUp();
    const readers = await Promise.all([1, 2, 3].map(() => reader().subscribe(STATE)));
    environment.tick();
    for (const n of [1, 2]) await topics.publish(STATE, { n, ballast: 'x'.repeat(200) });
    environment.tick();
    const [first, ...others] = readers.map(({ socket }) => socket.writes.at(-1)!.messages[0]);
    for (const other of others) expect(other).toBe(first);
    const again = await topics.catchUp(STATE, { ...(await topics.catchUp(STATE)).position, offset: 1 });
    const framed = readers[0]!.socket.writes.at(-1)!.frames().at(-1);
    expect(again.frames.at(-1)).toBe(framed);
  });
});

describe('the text of a value', () => {
  test('is made when a reader needs it, and not for a delta', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    const text = jest.spyOn(Content.prototype, 'text', 'get');
    const rows = Array.from({ length: 9 }, (_, id) => ({ id, text: 'x'.repeat(40) }));
    await topics.publish(STATE, { n: 1, rows });
    const value = { n: 2, rows };
    text.mockClear();
    await topics.publish(STATE, value);
    environment.tick();
    expect(alice.update().value).toEqual(value);
    expect(alice.types()).toEqual(['subscribed', 'snapshot', 'patch']);
    expect(text).not.toHaveBeenCalled();
    const bob = await reader().subscribe(STATE);
    environment.tick();
    expect(bob.update().value).toEqual(value);
    expect(text).toHaveBeenCalledTimes(1);
    text.mockRestore();
  });
});

describe('streaming', () => {
  test('emits values that no subscriber can change, also those of other nodes', async () => {
    const { broker, environment, topics } = setUp();
    await broker.publish(STATE.name, { kind: 'state', id: 'other', data: '{"rows":[{"n":1}]}' });
    await broker.publish(EVENTS.name, { kind: 'events', id: 'other', data: '[1]' });
    const heard: unknown[] = [];
    topics.stream(STATE).subscribe(({ value }) => heard.push(value));
    topics.stream(EVENTS).subscribe(({ value }) => heard.push(value));
    await environment.settle();
    await broker.publish(EVENTS.name, { kind: 'events', id: 'another', data: '[{"n":2}]' });
    const [state, event] = heard as [{ rows: [{ n: number }] }, [{ n: number }]];
    expect(() => (state.rows[0].n = 3)).toThrow(TypeError);
    expect(() => (event[0].n = 3)).toThrow(TypeError);
  });

  test('begins with the current value of a state topic and continues with each publication', async () => {
    const { environment, topics } = setUp();
    const first = await topics.publish(STATE, { n: 1 });
    const heard: unknown[] = [];
    const subscription = topics.stream(STATE).subscribe((publication) => heard.push(publication));
    await environment.settle();
    const second = await topics.publish(STATE, { n: 2 });
    const time = environment.now();
    expect(heard).toEqual([
      { position: first, value: { n: 1 }, time },
      { position: second, value: { n: 2 }, time },
    ]);
    subscription.unsubscribe();
    await topics.publish(STATE, { n: 3 });
    expect(heard).toHaveLength(2);
  });

  test('of events begins with the next one', async () => {
    const { environment, topics } = setUp();
    await topics.publish(EVENTS, 'before');
    const heard: unknown[] = [];
    topics.stream(EVENTS).subscribe(({ value }) => heard.push(value));
    await environment.settle();
    for (const event of ['a', 'b']) await topics.publish(EVENTS, event);
    expect(heard).toEqual(['a', 'b']);
  });

  test('fails if the topic fails to load, and holds nothing after an early unsubscribe', async () => {
    const { environment, topics } = setUp({ load: () => Promise.reject(new Error('no')) });
    const errors: unknown[] = [];
    topics.stream(STATE).subscribe({ error: (error) => errors.push(error) });
    await environment.settle();
    expect(errors).toMatchObject([{ code: 'internal' }]);
    const quiet = setUp();
    quiet.topics.stream(STATE).subscribe().unsubscribe();
    await quiet.environment.advance(60_000);
    expect(quiet.topics.sizes.live).toBe(0);
  });

  test('keeps the order for all readers if a listener publishes', async () => {
    const { environment, reader, topics } = setUp();
    const early = await reader().subscribe(EVENTS);
    topics.stream(EVENTS).subscribe(({ position, value }) => {
      if (position.offset === 1) void topics.publish(EVENTS, `answer to ${JSON.stringify(value)}`);
    });
    await environment.settle();
    const late = await reader().subscribe(EVENTS);
    await topics.publish(EVENTS, 'question');
    await environment.settle();
    for (const each of [early, late]) {
      expect(each.update().events.map(({ data }) => data)).toEqual(['question', 'answer to "question"']);
    }
  });
});

describe('the end of a node', () => {
  test('waits for the publications that a shared broker has not answered', async () => {
    let arrive = (): void => undefined;
    const held = new Promise<void>((resolve) => (arrive = resolve));
    const { broker, environment, topics } = setUp({ wrap: (target) => sharedBroker(target, () => held) });
    const published = topics.publish(EVENTS, 'last');
    let isDisposed = false;
    const disposed = topics.dispose().then(() => (isDisposed = true));
    await environment.settle();
    expect(isDisposed).toBe(false);
    arrive();
    await disposed;
    expect((await published).offset).toBe(1);
    expect(await broker.read(EVENTS.name, 'events')).toMatchObject({ offset: 1 });
  });

  test('waits for 3 s at most, and logs the number of publications', async () => {
    const { environment, logged, topics } = setUp({
      wrap: (target) => sharedBroker(target, () => new Promise(() => undefined)),
    });
    void topics.publish(EVENTS, 'lost');
    const disposed = topics.dispose();
    await environment.advance(3_000);
    await disposed;
    expect(logged).toEqual([expect.stringContaining('publications-unanswered')]);
  });
});

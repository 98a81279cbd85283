import { describe, expect, test } from '@jest/globals';
import { of } from 'rxjs';

import { EVENTS, parse, setUp, STATE } from '../../test/support/topics-set-up.js';
import { ActionContext } from '../core/action-context.js';
import { RealtimeError } from '../core/errors.js';
import type { TopicLoad } from './topic-loader.js';

interface Deferred {
  readonly load: () => TopicLoad;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly calls: () => number;
}

/** A handler whose results the test provides. */
function deferred(): Deferred {
  const answers: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  return {
    load: () => ({ type: 'value', value: new Promise((resolve, reject) => answers.push({ resolve, reject })) }),
    resolve: (value) => answers.at(-1)!.resolve(value),
    reject: (error) => answers.at(-1)!.reject(error),
    calls: () => answers.length,
  };
}

function value(result: unknown): () => TopicLoad {
  return () => ({ type: 'value', value: Promise.resolve(result) });
}

/** What a loader does after the broker lost its value, and the line in the log. */
const LOST_LOADS: [string, () => Promise<unknown>, string][] = [
  ['fails', () => Promise.reject(new Error('database gone')), 'topic-load-failed: Error: database gone'],
  ['takes too long', () => new Promise(() => undefined), 'topic-load-timed-out'],
];

describe('loading a topic', () => {
  test('the first value is offset 1, and one call serves all waiting callers', async () => {
    const handler = deferred();
    const { environment, topics } = setUp({ load: handler.load });
    const answers = Promise.all([topics.catchUp(STATE), topics.catchUp(STATE), topics.catchUp(STATE)]);
    await environment.settle();
    handler.resolve({ hp: 10 });
    for (const { frames } of await answers) {
      expect(parse(frames)).toMatchObject([
        { type: 'subscribed', offset: 1 },
        { type: 'snapshot', data: { hp: 10 } },
      ]);
    }
    await topics.catchUp(STATE);
    expect(handler.calls()).toBe(1);
  });

  test('an action that reads a topic first gets no position of it, because it published nothing', async () => {
    const { topics } = setUp({ load: value({ hp: 10 }) });
    const { result, positions } = await new ActionContext().run(() => topics.catchUp(STATE));
    expect(result.position.offset).toBe(1);
    expect(positions).toEqual([]);
  });

  test('a handler without a value yet leaves the topic at 0', async () => {
    const { topics } = setUp({ load: value(undefined) });
    expect(parse((await topics.catchUp(STATE)).frames)).toMatchObject([{ offset: 0 }]);
  });

  test('a publication during the load replaces the loaded value', async () => {
    const handler = deferred();
    const { environment, topics } = setUp({ load: handler.load });
    const answer = topics.catchUp(STATE);
    await environment.settle();
    await topics.publish(STATE, 'newer');
    handler.resolve('older');
    expect(parse((await answer).frames)).toMatchObject([{ offset: 1 }, { data: 'newer' }]);
  });

  test('a topic with publications does not wait for its handler and keeps its value', async () => {
    const handler = deferred();
    const { environment, topics } = setUp({ load: handler.load });
    await topics.publish(STATE, 'published');
    expect(parse((await topics.catchUp(STATE)).frames)).toMatchObject([{ offset: 1 }, { data: 'published' }]);
    handler.resolve('loaded');
    await environment.settle();
    expect((await topics.catchUp(STATE)).position.offset).toBe(1);
  });

  test('the result of an event topic’s handler is awaited but not published', async () => {
    const { topics } = setUp({ load: value('result') });
    expect((await topics.catchUp(EVENTS)).position.offset).toBe(0);
  });

  test('after 2 s the caller gets unavailable, the log names the topic, and the value serves later callers', async () => {
    const handler = deferred();
    const { environment, logged, topics } = setUp({ load: handler.load });
    const answer = topics.catchUp(STATE).catch((error: unknown) => error);
    await environment.advance(1_999);
    expect(logged).toEqual([]);
    await environment.advance(1);
    const values = { topic: STATE.name, option: 'limits.timeouts.loadMs', loadMs: 2_000 };
    expect(logged).toEqual([`topic-load-timed-out: ${JSON.stringify(values)}`]);
    expect(await answer).toMatchObject({ code: 'unavailable', options: { retryAfter: 1_000 } });
    await expect(topics.catchUp(STATE)).rejects.toMatchObject({ code: 'unavailable' });
    handler.resolve('late');
    await environment.settle();
    expect(parse((await topics.catchUp(STATE)).frames)).toMatchObject([{ offset: 1 }, { data: 'late' }]);
    expect(handler.calls()).toBe(1);
  });

  test('R20: a handler that never settles is dropped after the linger, even with new callers', async () => {
    const handler = deferred();
    const { environment, topics } = setUp({ load: handler.load });
    for (let second = 0; second < 70; second += 5) {
      const answer = topics.catchUp(STATE).catch((error: unknown) => error);
      await environment.advance(5_000);
      expect(await answer).toMatchObject({ code: 'unavailable' });
    }
    expect(handler.calls()).toBe(2);
    await environment.advance(120_000);
    expect(topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
  });

  test('a failing handler answers internal, is logged, and is called again for the next caller', async () => {
    const handler = deferred();
    const { environment, logged, topics } = setUp({ load: handler.load });
    const answer = topics.catchUp(STATE).catch((error: unknown) => error);
    await environment.settle();
    handler.reject(new Error('database password wrong'));
    const error = (await answer) as RealtimeError;
    expect(error).toBeInstanceOf(RealtimeError);
    expect(error.code).toBe('internal');
    expect(error.message).not.toContain('password');
    expect(logged).toHaveLength(1);
    const second = topics.catchUp(STATE);
    await environment.settle();
    handler.resolve('fine');
    expect((await second).position.offset).toBe(1);
  });

  test('a loader that throws or rejects answers with its own error', async () => {
    const rejecting = setUp({ load: () => Promise.reject(new RealtimeError('unknown_topic', 'No such battle.')) });
    await expect(rejecting.topics.catchUp(STATE)).rejects.toMatchObject({ code: 'unknown_topic' });
    const thrower = setUp({
      load: () => {
        throw new TypeError('boom');
      },
    });
    await expect(thrower.topics.catchUp(STATE)).rejects.toMatchObject({ code: 'internal' });
    expect(thrower.logged).toHaveLength(1);
  });

  test('an invalid first value answers internal and is logged', async () => {
    const { logged, topics } = setUp({ load: value(10n) });
    await expect(topics.catchUp(STATE)).rejects.toMatchObject({ code: 'internal' });
    expect(logged[0]).toContain('BigInt');
  });

  test.each(['subscribe', 'poll'])('R20: a handler that closes its topic is called twice for one %s', async (way) => {
    let calls = 0;
    const { broker, environment, reader, topics } = setUp({
      load: (topic) => {
        // Without a limit this loop would block the process and the test.
        if ((calls += 1) > 10) throw new Error('asked without end');
        return { type: 'value', value: broker.close(topic.name).then(() => 'value') };
      },
    });
    const answer = way === 'subscribe' ? reader().subscribe(STATE) : topics.catchUp(STATE);
    await expect(answer).rejects.toMatchObject({ code: 'unavailable', options: { retryAfter: 1_000 } });
    expect(calls).toBe(2);
    await environment.settle();
    expect(topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
  });

  test('a topic that is closed during its load is loaded again for the waiting callers', async () => {
    let calls = 0;
    const { broker, environment, reader } = setUp({
      load: (topic) => {
        const closed = (calls += 1) === 1 ? broker.close(topic.name) : Promise.resolve();
        return { type: 'value', value: closed.then(() => `loaded ${calls}`) };
      },
    });
    const alice = await reader().subscribe(STATE);
    environment.tick();
    expect(alice.update().value).toBe('loaded 2');
  });

  test('a first value that is too large answers internal and is logged, because the client is not at fault', async () => {
    const { logged, topics } = setUp({ load: value('x'.repeat(100)), limits: { frames: { publicationBytes: 50 } } });
    await expect(topics.catchUp(STATE)).rejects.toMatchObject({ code: 'internal' });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('topic-load-failed');
  });

  test.each([STATE, EVENTS])(
    'a promise of an observable is rejected for $kind, and the log has the remedy',
    async (topic) => {
      const { logged, topics } = setUp({ load: value(of(1)) });
      await expect(topics.catchUp(topic)).rejects.toMatchObject({ code: 'internal' });
      expect(logged.join()).toContain('return the observable itself');
    },
  );

  test('a promise of an observable is also logged if the topic has a value', async () => {
    const { environment, logged, topics } = setUp({ load: value(of(1)) });
    await topics.publish(STATE, 'published');
    expect((await topics.catchUp(STATE)).position.offset).toBe(1);
    await environment.settle();
    expect(logged.join()).toContain('return the observable itself');
  });

  test('an unreachable broker answers unavailable', async () => {
    const { broker, topics } = setUp();
    await broker.dispose();
    await expect(topics.catchUp(STATE)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a value that the broker lost is loaded again for its followers', async () => {
    let generation = 0;
    const load = (): TopicLoad => ({ type: 'value', value: Promise.resolve(`loaded ${(generation += 1)}`) });
    const { broker, environment, reader, topics } = setUp({ load });
    const alice = await reader().subscribe(STATE);
    const { position } = await topics.catchUp(STATE);
    await broker.replaceEpoch(STATE.name, 'state', position.epoch);
    await environment.settle();
    expect(alice.update().types()).toEqual(['subscribed', 'snapshot', 'subscribed', 'snapshot']);
    expect(alice.value).toBe('loaded 2');
  });

  test('a value is loaded again if the broker started a new epoch during the load', async () => {
    const loads = deferred();
    const { broker, environment, reader } = setUp({ load: loads.load });
    const subscribing = reader().subscribe(STATE);
    await environment.settle();
    const { epoch } = await broker.read(STATE.name, 'state');
    await broker.replaceEpoch(STATE.name, 'state', epoch);
    loads.resolve('first');
    await environment.settle();
    expect(loads.calls()).toBe(2);
    loads.resolve('second');
    const alice = await subscribing;
    await environment.settle();
    expect(alice.update().value).toBe('second');
  });

  test.each(LOST_LOADS)(
    'R25: a lost value whose loader %s ends the topic for its followers, and the next one loads it',
    async (_, lost, line) => {
      const loads = [() => Promise.resolve('first'), lost, () => Promise.resolve('third')];
      const { broker, environment, logged, reader, topics } = setUp({
        load: () => ({ type: 'value', value: loads.shift()!() }),
      });
      const alice = await reader().subscribe(STATE);
      const { position } = await topics.catchUp(STATE);
      await broker.replaceEpoch(STATE.name, 'state', position.epoch);
      await environment.advance(2_000);
      expect(alice.ends).toEqual(['failed']);
      expect(logged).toEqual([expect.stringContaining(line)]);
      expect(topics.sizes.live).toBe(0);
      const bob = await reader().subscribe(STATE);
      await environment.settle();
      expect(bob.update().value).toBe('third');
    },
  );

  test.each(LOST_LOADS)(
    'R25: a lost value whose loader %s keeps its followers if a publication came meanwhile',
    async (_, lost, line) => {
      const loads = [() => Promise.resolve('first'), () => node.topics.publish(STATE, 'published').then(lost)];
      const node = setUp({ load: () => ({ type: 'value', value: loads.shift()!() }) });
      const { broker, environment, logged, reader, topics } = node;
      const alice = await reader().subscribe(STATE);
      const { position } = await topics.catchUp(STATE);
      await broker.replaceEpoch(STATE.name, 'state', position.epoch);
      await environment.advance(2_000);
      expect(alice.update().value).toBe('published');
      expect(alice.ends).toEqual([]);
      expect(logged).toEqual([expect.stringContaining(line)]);
    },
  );
});

describe('releasing a topic', () => {
  test('holds nothing after the last reader left and the linger passed, not even in the broker', async () => {
    const { broker, environment, reader, topics } = setUp({ load: value('first'), history: { ageMs: 100_000 } });
    const alice = await reader().subscribe(STATE);
    await topics.catchUp({ name: 'other', kind: 'state' });
    const streaming = topics.stream(EVENTS).subscribe();
    const abort = new AbortController();
    const { position } = await topics.catchUp(EVENTS);
    const news = topics.waitForNews(EVENTS, position, abort.signal);
    await environment.settle();
    expect(topics.sizes.live).toBe(3);
    alice.subscription!.close();
    streaming.unsubscribe();
    abort.abort();
    expect(await news).toBe(false);
    await environment.advance(59_999);
    expect(topics.sizes.live).toBeGreaterThan(0);
    await environment.advance(60_001);
    expect(topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
    await environment.advance(300_000);
    expect(broker.sizes.topics).toBe(0);
    expect(environment.timers).toBe(0);
  });

  test('keeps the topic for a reader that returns within the linger', async () => {
    let loads = 0;
    const { environment, topics } = setUp({
      load: () => {
        loads += 1;
        return { type: 'value', value: Promise.resolve(loads) };
      },
    });
    for (let poll = 0; poll < 5; poll++) {
      await topics.catchUp(STATE);
      await environment.advance(59_000);
    }
    expect(loads).toBe(1);
  });

  test('limits the number of lingering topics', async () => {
    const { topics } = setUp();
    for (let index = 0; index < 10_050; index++) await topics.catchUp({ name: `random/${index}`, kind: 'events' });
    expect(topics.sizes.lingering).toBe(10_000);
    expect(topics.sizes.live).toBe(10_000);
  });
});

describe('closing a topic', () => {
  test('subscribers get the last publications, then the end; the next subscriber starts a new topic', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(EVENTS);
    const completed: string[] = [];
    topics.stream(EVENTS).subscribe({ complete: () => completed.push('stream') });
    await environment.settle();
    const { epoch } = await topics.publish(EVENTS, 'last');
    const news = topics.waitForNews(EVENTS, { epoch, offset: 1 }, new AbortController().signal);
    await environment.settle();
    await topics.close(EVENTS.name);
    expect(await news).toBe(true);
    environment.tick();
    expect(alice.update().frames.slice(1)).toMatchObject([{ data: 'last' }, { type: 'unsubscribed', code: 'closed' }]);
    expect(alice.ends).toEqual(['closed']);
    expect(completed).toEqual(['stream']);
    alice.subscription!.close();
    await environment.settle();
    expect(topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
    const next = await topics.catchUp(EVENTS);
    expect(next.position).toMatchObject({ offset: 0 });
    expect(next.position.epoch).not.toBe(epoch);
  });

  test('a lagging subscriber also gets the last publications before the end', async () => {
    const { environment, reader, topics } = setUp({ outbox: { softMark: 500 } });
    const alice = reader();
    alice.socket.stuck = true;
    await alice.subscribe(EVENTS);
    for (let n = 0; n < 20; n++) await topics.publish(EVENTS, `event ${n} ${'.'.repeat(100)}`);
    await topics.close(EVENTS.name);
    for (let round = 0; round < 50; round++) {
      await environment.settle();
      alice.socket.read(Infinity);
    }
    expect(alice.update().events).toHaveLength(20);
    expect(alice.types().at(-1)).toBe('unsubscribed');
    expect(alice.ends).toEqual(['closed']);
  });
});

describe('waiting for news', () => {
  test('ends with the next publication or a new epoch, or at once if there is news', async () => {
    const { broker, environment, topics } = setUp();
    const { signal } = new AbortController();
    const first = await topics.publish(EVENTS, 1);
    const second = topics.waitForNews(EVENTS, first, signal);
    await environment.settle();
    await topics.publish(EVENTS, 2);
    expect(await second).toBe(true);
    expect(await topics.waitForNews(EVENTS, first, signal)).toBe(true);
    const epoch = topics.waitForNews(EVENTS, { epoch: first.epoch, offset: 2 }, signal);
    await environment.settle();
    await broker.replaceEpoch(EVENTS.name, 'events', first.epoch);
    expect(await epoch).toBe(true);
  });

  test('ends with false when aborted before or during the wait', async () => {
    const { environment, topics } = setUp();
    const position = await topics.publish(EVENTS, 1);
    const abort = new AbortController();
    const waiting = topics.waitForNews(EVENTS, position, abort.signal);
    await environment.settle();
    abort.abort();
    expect(await waiting).toBe(false);
    expect(await topics.waitForNews(EVENTS, position, abort.signal)).toBe(false);
  });
});

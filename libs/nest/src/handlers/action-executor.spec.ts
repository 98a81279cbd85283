import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Json } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { MemoryBroker, type MemoryBrokerSettings } from '../broker/memory/memory-broker.js';
import type { Broker } from '../core/broker.js';
import { ActionContext } from '../core/action-context.js';
import { RealtimeError } from '../core/errors.js';
import { ActionExecutor } from './action-executor.js';
import type { CallerContext } from '../core/realtime-request.js';

const WINDOW = 60_000;
const caller: CallerContext = {
  headers: {},
  cookies: {},
  ip: '192.0.2.1',
  admission: 'http',
  clientId: 'client',
  identity: { id: 'ann', user: 'ann' },
};
const invocation = { id: '1', name: 'go', data: { x: 1 } };

describe('ActionExecutor', () => {
  let environment: VirtualEnvironment;
  let broker: MemoryBroker;
  let failures: unknown[];
  let outcomes: string[];
  let tracked: Promise<unknown>[];
  let runs: number;

  beforeEach(() => {
    environment = new VirtualEnvironment();
    failures = [];
    outcomes = [];
    tracked = [];
    runs = 0;
    broker = new MemoryBroker(brokerOptions());
  });

  function brokerOptions(): MemoryBrokerSettings {
    return {
      environment,
      history: { count: 0, bytes: 0, ageMs: 0 },
      actionWindowMs: WINDOW,
      log: { error: () => undefined },
    };
  }

  function runner(over: Partial<Broker> = {}): ActionExecutor {
    const patched = new Proxy<Broker>(broker, {
      get: (target, name: keyof Broker) => over[name] ?? (target[name] as () => void).bind(target),
    });
    return new ActionExecutor({
      broker: patched,
      environment,
      window: WINDOW,
      onBrokerFailure: (error) => failures.push(error),
      count: (outcome) => outcomes.push(outcome),
      track: (work) => tracked.push(work),
    });
  }

  /** A handler behind asynchronous guards. */
  function handler(body: () => unknown): () => Promise<null> {
    return async () => {
      await ActionContext.start(() => {
        runs += 1;
        return body();
      });
      return null;
    };
  }

  test('answers a repeated action with positions of topics that the new connection follows', async () => {
    const published = () => ActionContext.recordPublication('battles/1', Promise.resolve({ epoch: 'e', offset: 3 }));
    const action = { call: handler(published), timeout: 0 };
    const gone = { ...invocation, follows: () => false };
    const back = { ...invocation, follows: (topic: string) => topic === 'battles/1' };
    expect(await runner().run(gone, caller, action)).toEqual({ type: 'ack', id: '1', data: null });
    expect(await runner().run(back, caller, action)).toMatchObject({
      positions: [{ topic: 'battles/1', epoch: 'e', offset: 3 }],
    });
    expect(runs).toBe(1);
  });

  test('answers without a promise when the broker and the handler return at once', () => {
    const call = () => ActionContext.start(() => ({ gold: ++runs })) as Json;
    const action = { call, timeout: 1_000 };
    expect(runner().run(invocation, caller, action)).toEqual({ type: 'ack', id: '1', data: { gold: 1 } });
    expect({ claims: broker.sizes.claims, timers: environment.timers }).toEqual({ claims: 1, timers: 1 });
  });

  test('waits for the position of a publication that a handler made before it returned at once', async () => {
    const call = (): null => {
      ActionContext.start(() =>
        ActionContext.recordPublication('battles/1', Promise.resolve({ epoch: 'e', offset: 3 })),
      );
      return null;
    };
    const follower = { ...invocation, follows: () => true };
    const answer = runner().run(follower, caller, { call, timeout: 0 });
    expect(await answer).toMatchObject({ positions: [{ topic: 'battles/1', epoch: 'e', offset: 3 }] });
  });

  test('records the publications of a query that starts when it is awaited', async () => {
    const query = {
      then: (resolve: (result: null) => void): void => {
        ActionContext.recordPublication('battles/1', Promise.resolve({ epoch: 'e', offset: 3 }));
        resolve(null);
      },
    };
    const call = () => ActionContext.start(() => query) as Promise<null>;
    const follower = { ...invocation, follows: () => true };
    const answer = await runner().run(follower, caller, { call, timeout: 0 });
    expect(answer).toMatchObject({ positions: [{ topic: 'battles/1', epoch: 'e', offset: 3 }] });
  });

  test('runs an action once when two nodes receive it at the same time, and both give the same answer', async () => {
    let finish = (): void => undefined;
    const call = handler(() => new Promise<void>((resolve) => (finish = resolve)));
    const answers = [runner(), runner()].map(async (node) => node.run(invocation, caller, { call, timeout: 0 }));
    await environment.settle();
    finish();
    expect(await Promise.all(answers)).toEqual([
      { type: 'ack', id: '1', data: null },
      { type: 'ack', id: '1', data: null },
    ]);
    expect(runs).toBe(1);
  });

  test('runs a waiting repetition when the guards reject the first attempt', async () => {
    let rejectIt = (): void => undefined;
    const guarded = (): Promise<null> =>
      new Promise((_, reject) => (rejectIt = () => reject(new RealtimeError('forbidden', 'No.'))));
    const first = runner().run(invocation, caller, { call: guarded, timeout: 0 });
    const second = runner().run(invocation, caller, { call: handler(() => undefined), timeout: 0 });
    await environment.settle();
    rejectIt();
    expect(await first).toMatchObject({ type: 'error', code: 'forbidden' });
    expect(await second).toMatchObject({ type: 'ack' });
    expect(runs).toBe(1);
  });

  test('keeps an answer for the window after it was given, then runs the action again', async () => {
    const action = { call: handler(() => undefined), timeout: 0 };
    await runner().run(invocation, caller, action);
    await environment.advance(WINDOW - 1);
    await runner().run(invocation, caller, action);
    expect(runs).toBe(1);
    await environment.advance(2);
    await runner().run(invocation, caller, action);
    expect(runs).toBe(2);
  });

  test('R20: answers timeout for a slow handler, drops its result, and does not run it again', async () => {
    let finish = (): void => undefined;
    const action = { call: handler(() => new Promise<void>((resolve) => (finish = resolve))), timeout: 1_000 };
    const first = runner().run(invocation, caller, action);
    await environment.advance(1_000);
    expect(await first).toMatchObject({ type: 'error', code: 'timeout', temporary: true });
    finish();
    await environment.settle();
    expect(await runner().run(invocation, caller, action)).toMatchObject({ code: 'timeout' });
    expect(runs).toBe(1);
  });

  test('R20: does not start a handler after its guards exceeded the timeout', async () => {
    let open = (): void => undefined;
    const start = handler(() => undefined);
    const call = async (): Promise<null> => {
      await new Promise<void>((resolve) => (open = resolve));
      return start();
    };
    const first = runner().run(invocation, caller, { call, timeout: 1_000 });
    await environment.advance(1_000);
    expect(await first).toMatchObject({ code: 'timeout' });
    open();
    await environment.settle();
    expect(runs).toBe(0);
    expect(broker.sizes.claims).toBe(0);
  });

  test('drops retryAfter from an error of a handler, and keeps it from an error of a guard', async () => {
    const rejection = new RealtimeError('too_many_requests', 'Cooling down.', { retryAfter: 3_000 });
    const rejectAll = () => Promise.reject(rejection);
    const handled = await runner().run(invocation, caller, { call: handler(rejectAll), timeout: 0 });
    expect(handled).toEqual({
      ...{ type: 'error', id: '1', code: 'too_many_requests', message: 'Cooling down.', temporary: true },
    });
    const guarded = await runner().run({ ...invocation, id: '2' }, caller, { call: rejectAll, timeout: 0 });
    expect(guarded).toMatchObject({ code: 'too_many_requests', retryAfter: 3_000 });
  });

  test('counts the outcome of each action', async () => {
    const ran = { call: handler(() => undefined), timeout: 0 };
    await runner().run(invocation, caller, ran);
    await runner().run(invocation, caller, ran);
    await runner().run({ ...invocation, name: 'other' }, caller, ran);
    const id = (next: string) => ({ ...invocation, id: next });
    const broken = handler(() => Promise.reject(new RealtimeError('action_failed', 'No.')));
    await runner().run(id('2'), caller, { call: broken, timeout: 0 });
    const guarded = () => Promise.reject(new RealtimeError('forbidden', 'No.'));
    await runner().run(id('3'), caller, { call: guarded, timeout: 0 });
    const late = runner().run(id('4'), caller, { call: handler(() => new Promise<never>(() => {})), timeout: 10 });
    await environment.advance(10);
    await late;
    await runner({ claim: async () => ({ outcome: 'lost' }) }).run(id('5'), caller, ran);
    await runner({ claim: () => Promise.reject(new Error('down')) }).run(id('6'), caller, ran);
    expect(outcomes).toEqual([
      ...['run', 'deduplicated', 'conflict', 'failed', 'rejected', 'timeout', 'outcome_unknown', 'unavailable'],
    ]);
  });

  test('answers outcome_unknown when the node that claimed the action is gone', async () => {
    const lost = runner({ claim: async () => ({ outcome: 'lost' }) });
    const answer = await lost.run(invocation, caller, { call: handler(() => undefined), timeout: 0 });
    expect(answer).toMatchObject({ type: 'error', id: '1', code: 'outcome_unknown', temporary: false });
    expect(runs).toBe(0);
  });

  test('answers unavailable when the broker cannot claim', async () => {
    const down = runner({ claim: () => Promise.reject(new Error('down')) });
    const answer = await down.run(invocation, caller, { call: handler(() => undefined), timeout: 0 });
    expect(answer).toMatchObject({ code: 'unavailable', temporary: true, retryAfter: 5_000 });
    expect(runs).toBe(0);
    expect(failures).toHaveLength(1);
  });

  test('rejects an address above its quota of claims for any client id, and accepts users and other addresses', async () => {
    broker = new MemoryBroker({ ...brokerOptions(), maxClaims: 100 });
    const action = { call: handler(() => undefined), timeout: 0 };
    const anonymous = { ...caller, identity: undefined };
    const answers = [];
    for (let n = 0; n < 6; n += 1) {
      answers.push(await runner().run(invocation, { ...anonymous, clientId: `client ${n}` }, action));
    }
    expect(answers.map(({ type }) => type)).toEqual(['ack', 'ack', 'ack', 'ack', 'ack', 'error']);
    expect(answers[5]).toMatchObject({ code: 'too_many_requests', temporary: true, retryAfter: 5_000 });
    expect(await runner().run(invocation, caller, action)).toMatchObject({ type: 'ack' });
    expect(await runner().run(invocation, { ...anonymous, ip: '192.0.2.2' }, action)).toMatchObject({ type: 'ack' });
    expect(failures).toEqual([]);
  });

  test('B20: answers 150,000 actions of 100 users within the window, and remembers one for each user', async () => {
    const executor = runner();
    const action = { call: handler(() => undefined), timeout: 0 };
    const users = Array.from({ length: 100 }, (_, n) => ({ ...caller, identity: { id: `user ${n}`, user: n } }));
    for (let round = 1; round <= 1_500; round += 1) {
      const answers = users.map(async (user) => {
        executor.forget([`${round - 1}`], user);
        return executor.run({ ...invocation, id: `${round}` }, user, action);
      });
      for (const answer of await Promise.all(answers)) if (answer.type !== 'ack') throw new Error(answer.code);
      if (broker.sizes.claims !== 100) throw new Error(`round ${round}: ${broker.sizes.claims}`);
    }
    expect(runs).toBe(150_000);
    for (const user of users) executor.forget(['1500'], user);
    expect(broker.sizes).toMatchObject({ claims: 0, callers: 0 });
    expect(failures).toEqual([]);
  });

  test('limits 100 users who never confirm an answer, and still runs the actions of a user who does', async () => {
    broker = new MemoryBroker({ ...brokerOptions(), maxClaims: 2_000 });
    const executor = runner();
    const action = { call: handler(() => undefined), timeout: 0 };
    const as = (id: string): CallerContext => ({ ...caller, identity: { id, user: id } });
    for (let n = 0; n < 100; n += 1) {
      for (let id = 0; id < 100; id += 1)
        await executor.run({ ...invocation, id: `${id}` }, as(`hostile ${n}`), action);
    }
    expect(outcomes).toContain('too_many_requests');
    expect(outcomes).not.toContain('unavailable');
    outcomes.length = 0;
    for (let id = 1; id <= 1_000; id += 1) {
      executor.forget([`${id - 1}`], as('friend'));
      await executor.run({ ...invocation, id: `${id}` }, as('friend'), action);
    }
    expect(outcomes).toEqual(Array(1_000).fill('run'));
    expect(failures).toEqual([]);
  });

  test('reports a broker that cannot forget an answer', async () => {
    runner({ forget: () => Promise.reject(new Error('down')) }).forget(['1'], caller);
    await environment.settle();
    expect(failures).toHaveLength(1);
  });

  test.each([
    ['its own time limit', 1_000, 1_000],
    ['the window of the answers if it has no time limit', 0, WINDOW],
  ])('a repetition of an action that never ends is unavailable after %s', async (_, timeout, wait) => {
    const hangs = { call: handler(() => new Promise<never>(() => {})), timeout: 0 };
    const deaf = runner({ settle: () => new Promise<never>(() => {}) });
    void deaf.run(invocation, caller, hangs);
    await environment.settle();
    const second = runner().run({ ...invocation, again: true }, caller, { ...hangs, timeout });
    let answer: unknown;
    void Promise.resolve(second).then((given) => (answer = given));
    await environment.advance(wait - 1);
    expect(answer).toBeUndefined();
    await environment.advance(1);
    expect(answer).toMatchObject({ code: 'unavailable', temporary: true, retryAfter: 5_000 });
    expect(runs).toBe(1);
  });

  test('a repetition after a failed settle is unavailable in the end, and does not run', async () => {
    const action = { call: handler(() => undefined), timeout: 1_000 };
    await runner({ settle: () => Promise.reject(new Error('down')) }).run(invocation, caller, action);
    const second = runner().run(invocation, caller, action);
    await environment.advance(1_000);
    expect(await second).toMatchObject({ code: 'unavailable' });
    expect(runs).toBe(1);
  });

  test('answers the error of a guard when the broker cannot take the claim back', async () => {
    const stuck = runner({ unclaim: () => Promise.reject(new Error('down')) });
    const guarded = () => Promise.reject(new RealtimeError('forbidden', 'No.'));
    expect(await stuck.run(invocation, caller, { call: guarded, timeout: 0 })).toMatchObject({ code: 'forbidden' });
    expect(failures).toHaveLength(1);
    expect(outcomes).toEqual(['rejected']);
  });

  test('tells the broker the caller, its client, and whether the client has sent the action before', async () => {
    const claims: unknown[] = [];
    const asked = runner({
      claim: async (_key, _fingerprint, options) => {
        claims.push(options);
        return { outcome: 'lost' };
      },
    });
    const action = { call: handler(() => undefined), timeout: 0 };
    await asked.run(invocation, caller, action);
    const firstSentAt = environment.monotonic();
    await environment.advance(700);
    await asked.run({ ...invocation, again: true, firstSentAt }, { ...caller, identity: undefined }, action);
    expect(claims).toEqual([
      { caller: 'user ann', client: 'client', again: false },
      { caller: 'address 192.0.2.1', client: 'client', again: true, ageMs: 700 },
    ]);
  });

  test('answers the caller when the broker cannot store the answer', async () => {
    const forgetful = runner({ settle: () => Promise.reject(new Error('down')) });
    const answer = await forgetful.run(invocation, caller, { call: handler(() => undefined), timeout: 0 });
    expect(answer).toMatchObject({ type: 'ack' });
    expect(failures).toHaveLength(1);
  });

  test('answers before the broker has stored the answer, and runs no repetition meanwhile', async () => {
    let isBack!: () => void;
    const back = new Promise<void>((resolve) => (isBack = resolve));
    const away = runner({ settle: (...given) => back.then(() => broker.settle(...given)) });
    const action = { call: handler(() => undefined), timeout: 0 };
    expect(await away.run(invocation, caller, action)).toMatchObject({ type: 'ack' });
    let answer: unknown;
    const second = runner().run({ ...invocation, again: true }, caller, action);
    void Promise.resolve(second).then((given) => (answer = given));
    await environment.advance(30_000);
    expect([runs, answer, tracked.length]).toEqual([1, undefined, 1]);
    isBack();
    await tracked[0];
    await environment.settle();
    expect(answer).toMatchObject({ type: 'ack' });
    expect(runs).toBe(1);
  });
});

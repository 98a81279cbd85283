import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import type { ServerFrame } from '@statewire/protocol';

import { toRealtimeError, RealtimeError } from '../core/errors.js';
import type { CallerContext } from '../core/realtime-request.js';
import type { Dispatcher, RequestDispatcher } from '../handlers/dispatcher.js';
import { Gate } from '../../test/support/connection-rig.js';
import { FakeTopics } from '../../test/support/fake-topics.js';
import { Subscriptions, type SubscriptionsContext } from './subscriptions.js';

const CALLER = {
  headers: {},
  cookies: {},
  ip: '203.0.113.7',
  admission: 'hello',
  clientId: 'client-0123456789abcdef',
  identity: undefined,
} as const satisfies CallerContext;

type Heard = ServerFrame & { readonly topic?: string; readonly ref?: string; readonly code?: string };

/** The subscriptions of one connection, with scripted guards and topics and a record of the sent frames. */
function setUp({ limit = 0 } = {}) {
  const environment = new VirtualEnvironment();
  const topics = new FakeTopics();
  const sent: Heard[] = [];
  const send: SubscriptionsContext['outbox']['send'] = (frame) => {
    sent.push('type' in frame ? frame : (JSON.parse(frame.text) as ServerFrame));
  };
  const stays: string[] = [];
  const state = {
    settled: 0,
    authorized: [] as string[],
    authorize: (_topic: string): Promise<unknown> => Promise.resolve(),
  };
  const dispatcher: Pick<Dispatcher, 'authorize'> = {
    authorize: async (name) => {
      state.authorized.push(name);
      await state.authorize(name);
      return { name, kind: 'state' };
    },
  };
  const subscriptions = new Subscriptions({
    dispatcher: dispatcher as RequestDispatcher,
    topics,
    presence: {
      enter: ({ name }) => {
        stays.push(`enter ${name}`);
        let over = false;
        const once = (what: string) => () => {
          if (!over) stays.push(`${what} ${name}`);
          over = true;
        };
        return { leave: once('leave'), end: once('end') };
      },
    },
    outbox: {
      send,
      offer: (frame) => {
        send(frame);
        return true;
      },
      whenDrained: () => undefined,
      deltas: [],
    },
    limit,
    deadline: (work) => work,
    toErrorFrame: (thrown, about) => ({ ...toRealtimeError(thrown).toFrame(), ...about }),
    onSettled: () => (state.settled += 1),
  });
  const subscribe = (topic: string, ref?: string): void => subscriptions.subscribe({ topic }, ref, CALLER);
  /** The frames sent since the last call, as `type topic ref code`. */
  const heard = async (): Promise<string[]> => {
    await environment.settle();
    return sent.splice(0).map(({ type, topic, ref, code }) => [type, topic, ref, code].filter(Boolean).join(' '));
  };
  return { environment, heard, state, stays, subscribe, subscriptions, topics };
}

const rejecting = (code: 'forbidden' | 'unauthorized' | 'unknown_topic' | 'unavailable') => () =>
  Promise.reject(new RealtimeError(code, 'No.'));

describe('Subscriptions: isAllowed()', () => {
  test('resolves to true after the guards allow the topic, before the value is loaded', async () => {
    const { heard, state, subscribe, subscriptions, topics } = setUp();
    const [guards, loading] = [new Gate(), new Gate()];
    state.authorize = () => guards.opened;
    const { subscribe: follow } = topics;
    topics.subscribe = async (...parameters) => {
      await loading.opened;
      return follow.apply(topics, parameters);
    };
    expect(await subscriptions.isAllowed('t')).toBe(false);
    subscribe('t');
    await heard();
    const allowed = subscriptions.isAllowed('t');
    let answer: boolean | undefined;
    void allowed.then((yes) => (answer = yes));
    await heard();
    expect(answer).toBeUndefined();
    guards.open();
    expect(await heard()).toEqual([]);
    expect(answer).toBe(true);
    loading.open();
    expect(await heard()).toEqual(['subscribed t']);
    expect(await subscriptions.isAllowed('t')).toBe(true);
  });

  test('resolves to false after a rejection, an unsubscribe, the close of the topic or the end of the connection', async () => {
    const { heard, state, subscribe, subscriptions, topics } = setUp();
    const asked = new Gate();
    state.authorize = async (topic) => {
      if (topic !== 'rejected') return;
      await asked.opened;
      await rejecting('forbidden')();
    };
    const all = ['rejected', 'left', 'closed', 'taken', 'gone'];
    for (const topic of all) subscribe(topic);
    await heard();
    const rejected = subscriptions.isAllowed('rejected');
    asked.open();
    expect(await rejected).toBe(false);
    subscriptions.unsubscribe('left', undefined);
    await heard();
    await topics.close('closed');
    state.authorize = (topic) => (topic === 'taken' ? rejecting('forbidden')() : Promise.resolve());
    await subscriptions.reauthorize(CALLER);
    await heard();
    const told = await Promise.all(all.map((topic) => subscriptions.isAllowed(topic)));
    expect(told).toEqual([false, false, false, false, true]);
    subscriptions.close();
    expect(await subscriptions.isAllowed('gone')).toBe(false);
  });
});

describe('Subscriptions: presence', () => {
  test('starts with the answer to subscribe and ends with unsubscribe', async () => {
    const { heard, state, stays, subscribe, subscriptions } = setUp();
    const gate = new Gate();
    state.authorize = () => gate.opened;
    subscribe('t');
    await heard();
    expect(stays).toEqual([]);
    gate.open();
    await heard();
    expect(stays).toEqual(['enter t']);
    subscriptions.unsubscribe('t', 'u');
    expect(await heard()).toEqual(['unsubscribed t u requested']);
    expect(stays).toEqual(['enter t', 'end t']);
  });

  test('continues when the client subscribes again', async () => {
    const { heard, stays, subscribe, subscriptions } = setUp();
    subscribe('t');
    await heard();
    subscribe('t');
    await heard();
    expect(stays).toEqual(['enter t', 'enter t', 'leave t']);
    subscriptions.unsubscribe('t', undefined);
    await heard();
    expect(stays.slice(3)).toEqual(['end t']);
  });

  test.each(['forbidden', 'unauthorized', 'unknown_topic'] as const)(
    'ends at once when a repeated subscription is rejected as %s',
    async (code) => {
      const { heard, state, stays, subscribe } = setUp();
      subscribe('t');
      await heard();
      state.authorize = rejecting(code);
      subscribe('t', 'again');
      expect(await heard()).toEqual([`error t again ${code}`]);
      expect(stays).toEqual(['enter t', 'end t']);
    },
  );

  test('ends after the grace period when a repeated subscription gets a temporary error', async () => {
    const { heard, state, stays, subscribe } = setUp();
    subscribe('t');
    await heard();
    state.authorize = rejecting('unavailable');
    subscribe('t', 'again');
    expect(await heard()).toEqual(['error t again unavailable']);
    expect(stays).toEqual(['enter t', 'leave t']);
  });

  test('ends after the grace period when the connection ends, even during a repeated subscription', async () => {
    const { heard, state, stays, subscribe, subscriptions } = setUp();
    for (const topic of ['still', 'again']) subscribe(topic);
    await heard();
    const gate = new Gate();
    state.authorize = () => gate.opened;
    subscribe('again');
    await heard();
    subscriptions.close();
    expect(stays.slice(2)).toEqual(['leave still', 'leave again']);
    gate.open();
    await heard();
    expect(stays).toHaveLength(4);
  });

  test('ends at once when the topic closes, during the subscription or after it', async () => {
    const { heard, stays, subscribe, subscriptions, topics } = setUp();
    subscribe('t');
    await heard();
    await topics.close('t');
    expect(await heard()).toEqual(['unsubscribed t closed']);
    expect(stays).toEqual(['enter t', 'end t']);
    const { subscribe: follow } = topics;
    topics.subscribe = async (...parameters) => {
      const subscription = await follow.apply(topics, parameters);
      await topics.close('t');
      return subscription;
    };
    subscribe('t');
    expect(await heard()).toEqual(['subscribed t', 'unsubscribed t closed']);
    expect(stays).toHaveLength(2);
    expect(await subscriptions.isAllowed('t')).toBe(false);
    expect(subscriptions.names).toEqual([]);
  });

  test('ends at once when the guards reject the topic later, which makes room for another', async () => {
    const { heard, state, stays, subscribe, subscriptions } = setUp({ limit: 2 });
    for (const topic of ['kept', 'lost']) subscribe(topic);
    await heard();
    state.authorize = (topic) => (topic === 'lost' ? rejecting('forbidden')() : Promise.resolve());
    await subscriptions.reauthorize(CALLER);
    expect(await heard()).toEqual(['unsubscribed lost forbidden']);
    expect(stays.slice(2)).toEqual(['end lost']);
    expect(subscriptions.names).toEqual(['kept']);
    subscribe('next');
    expect(await heard()).toEqual(['subscribed next']);
  });

  test('gives one answer when the topic closes while its guards run again', async () => {
    const { heard, state, subscribe, subscriptions, topics } = setUp();
    subscribe('t');
    await heard();
    state.authorize = async () => {
      await topics.close('t');
      await rejecting('forbidden')();
    };
    await subscriptions.reauthorize(CALLER);
    expect(await heard()).toEqual(['unsubscribed t closed']);
  });
});

describe('Subscriptions: changes of one topic', () => {
  test('run one after another and count as waiting until they run', async () => {
    const { environment, heard, subscribe, subscriptions, topics } = setUp();
    const gates: Gate[] = [];
    topics.loading = () => {
      gates.push(new Gate());
      return gates.at(-1)!.opened;
    };
    for (const ref of ['1', '2', '3']) subscribe('t', ref);
    subscribe('other');
    expect(subscriptions.waiting).toBe(2);
    await environment.settle();
    expect([subscriptions.waiting, subscriptions.settled]).toEqual([2, false]);
    gates[0]!.open();
    expect(await heard()).toEqual(['subscribed t 1']);
    expect(subscriptions.waiting).toBe(1);
    gates[1]!.open();
    gates[2]!.open();
    expect(await heard()).toEqual(['subscribed other', 'subscribed t 2']);
    expect([subscriptions.waiting, subscriptions.settled]).toEqual([0, false]);
    gates[3]!.open();
    expect(await heard()).toEqual(['subscribed t 3']);
    expect([subscriptions.waiting, subscriptions.settled]).toEqual([0, true]);
  });

  test('keep their order after a rejected one', async () => {
    const { environment, heard, state, subscribe, subscriptions } = setUp();
    const gates: Gate[] = [];
    state.authorize = () => {
      gates.push(new Gate());
      return gates.at(-1)!.opened;
    };
    for (const ref of ['1', '2', '3']) subscribe('t', ref);
    await environment.settle();
    gates[0]!.fail(new RealtimeError('forbidden', 'No.'));
    expect(await heard()).toEqual(['error t 1 forbidden']);
    gates[1]!.fail(new RealtimeError('forbidden', 'No.'));
    expect(await heard()).toEqual(['error t 2 forbidden']);
    subscribe('t', '4');
    await environment.settle();
    expect(gates).toHaveLength(3);
    expect(subscriptions.waiting).toBe(1);
    gates[2]!.open();
    await environment.settle();
    gates[3]!.open();
    expect(await heard()).toEqual(['subscribed t 3', 'subscribed t 4']);
    expect(subscriptions.names).toEqual(['t']);
  });

  test('keep their order when the topic closes, and deliver each value once', async () => {
    const { heard, subscribe, topics } = setUp();
    subscribe('t', '1');
    await heard();
    subscribe('t', '2');
    await topics.close('t');
    subscribe('t', '3');
    expect(await heard()).toEqual(['unsubscribed t closed', 'subscribed t 2', 'subscribed t 3']);
    topics.sendSnapshot('t', 'news');
    expect(await heard()).toEqual(['snapshot t']);
  });

  test('answer not_subscribed to an unsubscribe after the end of the subscription', async () => {
    const { heard, subscribe, subscriptions, topics } = setUp();
    subscribe('t');
    await heard();
    for (const ref of ['1', '2']) subscriptions.unsubscribe('t', ref);
    expect(await heard()).toEqual(['unsubscribed t 1 requested', 'error t 2 not_subscribed']);
    subscribe('t');
    await heard();
    subscriptions.unsubscribe('t', '3');
    await topics.close('t');
    expect(await heard()).toEqual(['unsubscribed t closed', 'error t 3 not_subscribed']);
  });

  test('use no slot for an unsubscribe of an unknown topic', async () => {
    const { heard, subscribe, subscriptions } = setUp({ limit: 1 });
    subscriptions.unsubscribe('unknown', '1');
    expect(subscriptions.has('unknown')).toBe(false);
    subscribe('t', '2');
    expect(await heard()).toEqual(['error unknown 1 not_subscribed', 'subscribed t 2']);
  });

  test('count towards the limit of topics, where 0 means no limit', async () => {
    const one = setUp({ limit: 1 });
    for (const topic of ['a', 'b']) one.subscribe(topic);
    expect(await one.heard()).toEqual(['error b too_many_subscriptions', 'subscribed a']);
    const any = setUp({ limit: 0 });
    for (const topic of ['a', 'b']) any.subscribe(topic);
    expect(await any.heard()).toEqual(['subscribed a', 'subscribed b']);
  });

  test('pass the position and the ref to the topic', async () => {
    const { heard, subscriptions, topics } = setUp();
    const asked: unknown[] = [];
    const { subscribe } = topics;
    topics.subscribe = (topic, outlet, options) => {
      asked.push([options.since, options.ref]);
      return subscribe.call(topics, topic, outlet, options);
    };
    subscriptions.subscribe({ topic: 't', since: { epoch: 'e1', offset: 7 } }, 'r', CALLER);
    await heard();
    expect(asked).toEqual([[{ epoch: 'e1', offset: 7 }, 'r']]);
  });
});

describe('Subscriptions: end of the connection', () => {
  test('cancels waiting changes: no guard runs and no topic loads', async () => {
    const { environment, state, subscribe, subscriptions, topics } = setUp();
    const loaded: string[] = [];
    topics.loading = async (topic) => void loaded.push(topic);
    const gate = new Gate();
    state.authorize = () => gate.opened;
    for (const ref of ['1', '2']) subscribe('t', ref);
    await environment.settle();
    expect(state.authorized).toEqual(['t']);
    subscriptions.close();
    expect(subscriptions.names).toEqual([]);
    gate.open();
    await environment.settle();
    expect(loaded).toEqual([]);
    expect(state.authorized).toEqual(['t']);
    expect([subscriptions.settled, subscriptions.waiting, state.settled]).toEqual([true, 0, 2]);
  });

  test('ends a subscription that is still loading', async () => {
    const { environment, stays, subscribe, subscriptions, topics } = setUp();
    const gate = new Gate();
    topics.loading = () => gate.opened;
    subscribe('t');
    await environment.settle();
    subscriptions.close();
    gate.open();
    await environment.settle();
    expect(topics.followed).toEqual([]);
    expect(stays).toEqual([]);
    expect(subscriptions.names).toEqual([]);
  });
});

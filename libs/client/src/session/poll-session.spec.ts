import { stateTopic, type Json, type ServerFrame, type SubscribedFrame } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicState } from '../topics/topic-state.js';
import { ClientTopicRegistry } from '../topics/client-topic-registry.js';
import { PollSession } from './poll-session.js';

const a = stateTopic<Json>()('a').with();
const b = stateTopic<Json>()('b').with();

/** Topics that are followed, and polls for them. */
function setUp(...followed: (typeof a)[]) {
  const environment = new VirtualEnvironment();
  const metrics = new MetricsRecorder(environment);
  const registry = new ClientTopicRegistry(environment, metrics, 0, () => undefined);
  const deferred: unknown[] = [];
  const states = new Map<string, TopicState<Json>>();
  for (const topic of followed) registry.states(topic).subscribe((state) => states.set(topic.name, state));
  const asked = (wait = 0) => {
    const session = new PollSession(registry, metrics, environment, ({ type, entry: { name }, error }) =>
      deferred.push([type, name, error?.retryAfter]),
    );
    return {
      request: session.request('client', wait),
      apply: (...frames: ServerFrame[]) => session.apply({ frames, websocket: false, serverTime: 0 }),
    };
  };
  const entry = (name = 'a') => registry.get(name)!;
  const state = (name = 'a') => states.get(name)!;
  return { asked, deferred, entry, metrics, registry, state };
}

function subscribed(offset: number, recovered = false, topic = 'a'): ServerFrame {
  return { type: 'subscribed', topic, kind: 'state', epoch: 'e', offset, recovered };
}

function snapshot(offset: number, topic = 'a'): ServerFrame {
  return { type: 'snapshot', topic, epoch: 'e', offset, data: offset };
}

function patch(from: number, topic = 'a'): ServerFrame {
  return { type: 'patch', topic, from, offset: from + 1, delta: [from + 1] };
}

function error(code: 'unavailable' | 'forbidden', more: { temporary: boolean; retryAfter?: number }): ServerFrame {
  return { type: 'error', topic: 'a', code, message: 'No.', ...more };
}

describe('the request of a poll', () => {
  test('has every followed topic with its position', () => {
    const { asked } = setUp(a, b);
    asked().apply(subscribed(3), snapshot(3));
    expect(asked().request).toEqual({
      clientId: 'client',
      deltas: ['move', 'append'],
      topics: [{ topic: 'a', since: { epoch: 'e', offset: 3 } }, { topic: 'b' }],
    });
  });

  test('omits topics of a live socket and deferred topics', () => {
    const { asked, entry } = setUp(a, b);
    entry('a').subscription = {};
    expect(asked().request.topics).toEqual([{ topic: 'b' }]);
    entry('b').isDeferred = true;
    expect(asked().request.topics).toEqual([]);
  });

  test('has a wait only with topics', () => {
    expect(setUp(a).asked(1).request).toMatchObject({ wait: 1 });
    expect(setUp(a).asked(0).request).not.toHaveProperty('wait');
    expect(setUp().asked(1).request).not.toHaveProperty('wait');
  });

  test('has no wait while a topic is stale', () => {
    const { asked } = setUp(a, b);
    asked().apply({ ...(subscribed(3) as SubscribedFrame), staleSince: 7 }, snapshot(3));
    expect(asked(1).request).not.toHaveProperty('wait');
    asked().apply(subscribed(3, true));
    expect(asked(1).request).toMatchObject({ wait: 1 });
  });
});

describe('the answer of a poll', () => {
  test('is applied, and counted frame by frame', () => {
    const { asked, metrics, state } = setUp(a, b);
    expect(asked().apply(subscribed(3), snapshot(3), subscribed(5, false, 'b'), snapshot(5, 'b'))).toBe(false);
    expect([state('a').value, state('b').value]).toEqual([3, 5]);
    expect(metrics.metrics.framesReceived).toBe(4);
  });

  test('is ignored for topics that were not requested', () => {
    const { asked, registry, state } = setUp(a);
    const poll = asked();
    registry.states(b).subscribe();
    expect(poll.apply({ type: 'pong' }, subscribed(1, false, 'b'), snapshot(1, 'b'))).toBe(false);
    expect(registry.get('b')!.store.cursor).toBeUndefined();
    expect(state('a').value).toBeUndefined();
  });

  test('is ignored for a topic that a socket delivers now', () => {
    const { asked, entry, state } = setUp(a);
    const poll = asked();
    entry().subscription = {};
    expect(poll.apply(subscribed(3), snapshot(3))).toBe(false);
    expect(state().value).toBeUndefined();
  });

  test('is ignored for a topic that was left and followed again', () => {
    const { asked, registry } = setUp();
    const following = registry.states(a).subscribe();
    const poll = asked();
    following.unsubscribe();
    registry.states(a).subscribe();
    poll.apply(subscribed(3), snapshot(3));
    expect(registry.get('a')!.store.cursor).toBeUndefined();
  });

  test('with a hole causes a new request at once and is ignored from there on', () => {
    const { asked, metrics, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3));
    expect(asked().apply(subscribed(9, true), patch(7), patch(8))).toBe(true);
    expect(metrics.metrics.holes).toBe(1);
    expect(state().value).toBe(3);
    expect(asked().request.topics).toEqual([{ topic: 'a', since: { epoch: 'e', offset: 3 } }]);
  });

  test('with a hole makes the topic catching up', () => {
    const { asked, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3), patch(7));
    expect(state()).toMatchObject({ value: 3, freshness: { state: 'catching-up' } });
  });

  test('with a hole in one of several topics causes a new request', () => {
    const { asked } = setUp(a, b);
    expect(asked().apply(patch(1), subscribed(3, false, 'b'), snapshot(3, 'b'))).toBe(true);
  });
});

describe('a topic with repeated holes', () => {
  test('is deferred after the third hole in a row', () => {
    const { asked, deferred } = setUp(a);
    expect([1, 2, 3, 4].map(() => asked().apply(patch(1)))).toEqual([true, true, true, false]);
    expect(deferred).toEqual([['topic-deferred', 'a', undefined]]);
  });

  test('gets three more attempts after it was live', () => {
    const { asked, deferred } = setUp(a);
    for (let time = 0; time < 3; time++) asked().apply(patch(1));
    asked().apply(subscribed(3), snapshot(3));
    for (let time = 0; time < 3; time++) expect(asked().apply(patch(7))).toBe(true);
    expect(deferred).toEqual([]);
  });

  test('gets no more attempts for a partial catch-up', () => {
    const { asked, deferred } = setUp(a);
    for (let time = 0; time < 3; time++) asked().apply(patch(1));
    asked().apply(subscribed(9), snapshot(3));
    expect(asked().apply(patch(7))).toBe(false);
    expect(deferred).toEqual([['topic-deferred', 'a', undefined]]);
  });

  test('is requested without since if a patch does not fit', () => {
    const { asked, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3));
    const misfit: ServerFrame = { type: 'patch', topic: 'a', from: 3, offset: 4, delta: { x: [1] } };
    expect(asked().apply(subscribed(4, true), misfit)).toBe(true);
    expect(asked().request.topics).toEqual([{ topic: 'a' }]);
    expect(state().freshness.state).toBe('catching-up');
  });
});

describe('a topic that the server rejects', () => {
  test('is deferred for a temporary error, and the rest of the poll is ignored for it', () => {
    const { asked, deferred, state } = setUp(a);
    const poll = asked();
    const rejected = error('unavailable', { temporary: true, retryAfter: 700 });
    expect(poll.apply(rejected, subscribed(3), snapshot(3))).toBe(false);
    expect(deferred).toEqual([['topic-deferred', 'a', 700]]);
    expect(state()).toMatchObject({ value: undefined, error: undefined });
  });

  test('fails for a permanent error, and the rest of the poll is ignored for it', () => {
    const { asked, deferred, state } = setUp(a);
    expect(asked().apply(error('forbidden', { temporary: false }), subscribed(3), snapshot(3))).toBe(false);
    expect(deferred).toEqual([]);
    expect(state()).toMatchObject({ value: undefined, error: { code: 'forbidden' } });
  });

  test('keeps its value when it is closed, and loses it with the permission', () => {
    for (const [code, value] of [
      ['closed', 3],
      ['forbidden', undefined],
      ['unauthorized', undefined],
    ] as const) {
      const { asked, metrics, state } = setUp(a);
      const poll = asked();
      poll.apply(subscribed(3), snapshot(3));
      expect(poll.apply({ type: 'unsubscribed', topic: 'a', code })).toBe(false);
      expect(state()).toMatchObject({ value, error: { code }, freshness: { state: 'stale' } });
      expect(metrics.metrics.holes).toBe(0);
    }
  });

  test('continues after unsubscribed with the code requested', () => {
    const { asked, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3), { type: 'unsubscribed', topic: 'a', code: 'requested' });
    expect(state()).toMatchObject({ value: 3, error: undefined, freshness: { state: 'live' } });
  });

  test('loses its value with unknown_topic', () => {
    const { asked, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3));
    asked().apply({ type: 'error', topic: 'a', code: 'unknown_topic', message: 'No.', temporary: false });
    expect(state()).toMatchObject({ value: undefined, error: { code: 'unknown_topic' } });
  });

  test('loses its value for the other kind, and is not requested again', () => {
    const { asked, metrics, state } = setUp(a);
    asked().apply(subscribed(3), snapshot(3));
    const other: ServerFrame = {
      type: 'subscribed',
      topic: 'a',
      kind: 'events',
      epoch: 'e',
      offset: 3,
      recovered: true,
    };
    expect(asked().apply(other)).toBe(false);
    expect(state()).toMatchObject({ value: undefined, error: { code: 'kind_mismatch' } });
    expect(metrics.metrics.holes).toBe(0);
  });
});

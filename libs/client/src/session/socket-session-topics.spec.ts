import { describe, expect, test } from '@jest/globals';

import { failTopic } from './topic-errors.js';
import {
  a,
  b,
  notices,
  WELCOME,
  setUp,
  topicOf,
  setUpLive,
  subscribed,
  snapshot,
  patch,
  error,
} from '../../test/support/socket-session-bench.js';

describe('subscriptions beyond the frame rate of the server', () => {
  /** A page that requests each topic in a turn of the event loop of its own. */
  async function setUpScrolling(count: number) {
    const setup = setUp();
    const topics = Array.from({ length: count }, (_, n) => topicOf(String(n)));
    setup.session.greet('client', undefined);
    for (const topic of topics) {
      setup.follow(topic);
      setup.session.topics.follow(setup.entry(topic));
      await setup.environment.settle();
    }
    return { ...setup, topics };
  }

  test('wait for the budget, and share a frame', async () => {
    const { environment, look } = await setUpScrolling(30);
    expect(look().slice(1)).toHaveLength(19);
    await environment.advance(49);
    expect(look()).toEqual([]);
    await environment.advance(1);
    expect(look()).toMatchObject([{ type: 'subscribe', topics: { length: 11 } }]);
    expect(environment.timers).toBe(0);
  });

  test('are not sent for topics that the page has left meanwhile', async () => {
    const { entry, environment, look, session, topics } = await setUpScrolling(25);
    for (const topic of topics) session.topics.leave(entry(topic));
    look();
    await environment.advance(1_000);
    expect(look()).toEqual([{ type: 'unsubscribe', topics: topics.slice(0, 19).map(({ name }) => name) }]);
  });

  test('end with the session', async () => {
    const { environment, session } = await setUpScrolling(30);
    expect(environment.timers).toBe(1);
    session.end();
    expect(environment.timers).toBe(0);
  });
});

describe('a topic of a server that loses its broker', () => {
  const stale = { type: 'stale', since: 7 };

  test('is not concerned until its subscribe is answered, which tells the same', () => {
    const { entry, receive, session } = setUpLive(a);
    session.topics.follow(entry());
    session.topics.followAll();
    receive(stale);
    expect(entry().store.freshness.state).toBe('live');
    receive(subscribed(a, { ref: '2', recovered: true }));
    expect(entry().store.freshness.state).toBe('live');
    session.topics.followAll();
    receive({ type: 'fresh' }, subscribed(a, { ref: '3', recovered: true, staleSince: 7 }));
    expect(entry().store.freshness).toEqual({ state: 'stale', staleSince: 7 });
  });

  test('stays stale over its catch-up and a new epoch', () => {
    const { entry, receive } = setUpLive(a);
    receive(stale, patch(a));
    expect(entry().store.freshness.state).toBe('stale');
    const newEpoch = { ref: undefined, epoch: 'f', offset: 1, staleSince: 7 };
    receive(subscribed(a, newEpoch), { ...snapshot(a, 1), epoch: 'f' });
    expect(entry().store).toMatchObject({ freshness: { state: 'stale' }, cursor: { epoch: 'f', offset: 1 } });
    receive({ type: 'fresh' });
    expect(entry().store.freshness.state).toBe('live');
  });

  test('is live again only with the last publication of its catch-up', () => {
    const { entry, receive, session } = setUpLive(a);
    session.topics.followAll();
    receive(subscribed(a, { ref: '2', recovered: true, offset: 5, staleSince: 7 }), patch(a), { type: 'fresh' });
    expect(entry().store.freshness.state).toBe('catching-up');
    receive(patch(a, 4));
    expect(entry().store.freshness.state).toBe('live');
  });

  test('is named in the frame, or every topic of the connection is concerned', () => {
    const { entry, receive } = setUpLive(a, b);
    receive({ ...stale, topics: ['topics/b', 'topics/unknown'] });
    expect([entry(a), entry(b)].map(({ store }) => store.freshness.state)).toEqual(['live', 'stale']);
    receive(stale, { type: 'fresh', topics: ['topics/b'] });
    expect([entry(a), entry(b)].map(({ store }) => store.freshness.state)).toEqual(['stale', 'live']);
  });

  test('is not concerned once another transport delivers it', () => {
    const { entry, receive, session } = setUpLive(a);
    session.topics.suspend();
    entry().store.setFreshness({ state: 'catching-up' });
    receive(stale, { type: 'fresh' });
    expect(entry().store.freshness.state).toBe('catching-up');
  });
});

describe('a topic that is followed', () => {
  test('before the start is part of the first subscribe', async () => {
    const { entry, environment, look, session } = setUp(a);
    session.topics.follow(entry());
    await environment.settle();
    expect(look()).toEqual([]);
    session.greet('client', undefined);
    expect(look()).toHaveLength(2);
  });

  test('is requested at the end of the turn, with others of the same turn', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    [a, b].forEach(follow);
    session.topics.follow(entry(a));
    session.topics.follow(entry(b));
    expect(look()).toEqual([]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name }, { topic: b.name }], ref: '1' }]);
  });

  test('is delivered from the answer to the latest request on', async () => {
    const { entry, environment, receive, session, values } = setUp(a);
    session.greet('client', undefined);
    session.topics.follow(entry());
    await environment.settle();
    receive(WELCOME, subscribed(a, { ref: '1' }), snapshot(a));
    expect([entry().subscription, values.get(a.name)]).toEqual([undefined, undefined]);
    receive(subscribed(a, { ref: '2' }), snapshot(a));
    expect(entry().subscription).toBeDefined();
    expect(values.get(a.name)).toBe(3);
  });

  test('that failed over HTTP meanwhile is unsubscribed after the answer', async () => {
    const { entry, environment, look, receive, session, eventsOf, values } = setUp(a, b);
    session.greet('client', undefined);
    receive(WELCOME, subscribed(b));
    failTopic(entry(), { type: 'error', code: 'forbidden', message: 'No.', temporary: false }, environment.now());
    look();
    expect(eventsOf('topics-confirmed')).toEqual([]);
    receive(subscribed(a), snapshot(a));
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
    expect([entry().subscription, values.get(a.name)]).toEqual([undefined, undefined]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });

  test('is not delivered while it is requested again', async () => {
    const { entry, environment, receive, session, values } = setUpLive(a);
    session.topics.follow(entry());
    expect(entry().subscription).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    await environment.settle();
    receive(subscribed(a, { ref: '2', recovered: true }), patch(a));
    expect(values.get(a.name)).toBe(4);
  });

  test('applies its publications and reports them', () => {
    const { look, receive, eventsOf, values } = setUpLive(a, b);
    receive(patch(a), snapshot(b, 8));
    expect([values.get(a.name), values.get(b.name)]).toEqual([4, 8]);
    expect(eventsOf('publication-received')).toMatchObject([{ topic: a.name }, { topic: b.name }]);
    expect(look()).toEqual([]);
  });

  test('ignores frames without a subscription', () => {
    const { events, receive, values } = setUpLive(a);
    receive(subscribed(b), snapshot(b), { type: 'unsubscribed', topic: b.name, code: 'closed' });
    expect(events).toEqual([]);
    expect(values.get(b.name)).toBeUndefined();
  });

  test('with a hole is requested again at the end of the turn', async () => {
    const { environment, look, metrics, receive } = setUpLive(a);
    receive(patch(a, 7), patch(a, 8));
    expect(metrics.metrics.holes).toBe(1);
    await environment.settle();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
  });

  test('with repeated holes is deferred', async () => {
    const { entry, environment, look, receive, eventsOf } = setUpLive(a);
    for (const ref of ['2', '3', '4']) {
      receive(patch(a, 7));
      await environment.settle();
      receive(subscribed(a, { ref, offset: 9, recovered: true }));
    }
    look();
    receive(patch(a, 7));
    await environment.settle();
    expect(eventsOf('topic-deferred')).toEqual([{ type: 'topic-deferred', entry: a.name, retryAfter: undefined }]);
    expect(look()).toEqual([]);
    expect(entry().subscription).toBeUndefined();
  });

  test('is unsubscribed if the server has it as the other kind', async () => {
    const { entry, environment, look, receive } = setUpLive(a);
    receive(subscribed(a, { kind: 'events', ref: undefined }));
    await environment.settle();
    expect(entry().store.error?.code).toBe('kind_mismatch');
    expect(entry().subscription).toBeUndefined();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });

  test('may be an event topic', () => {
    const { receive, registry, session } = setUp();
    const seen: unknown[] = [];
    registry.deliveries(notices).subscribe((delivery) => seen.push(delivery.position.offset));
    session.greet('client', undefined);
    receive(subscribed(notices, { kind: 'events' }), { type: 'event', topic: notices.name, offset: 4, data: 'x' });
    expect(seen).toEqual([4]);
  });
});

describe('a topic that is left', () => {
  test('is unsubscribed once at the end of the turn, with others of the same turn', async () => {
    const { entry, environment, look, receive, session, values } = setUpLive(a, b);
    const [first, second] = [entry(a), entry(b)];
    session.topics.leave(first);
    session.topics.leave(second);
    session.topics.leave(first);
    expect(first.subscription).toBeUndefined();
    expect(look()).toEqual([]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name, b.name] }]);
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    session.topics.follow(first);
    await environment.settle();
    expect(look()).toMatchObject([{ type: 'subscribe' }]);
  });

  test('is not unsubscribed if it was never requested', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    follow(a);
    session.topics.follow(entry());
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('and followed again in the same turn is only requested', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.topics.leave(entry());
    session.topics.follow(entry());
    await environment.settle();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
  });

  test('is unsubscribed even after a suspension of the socket', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.topics.suspend();
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });
});

describe('a topic that the server ends', () => {
  test.each(['closed', 'forbidden', 'unauthorized'] as const)('fails with %s and is not unsubscribed', async (code) => {
    const { entry, environment, look, receive, session, eventsOf } = setUpLive(a);
    receive({ type: 'unsubscribed', topic: a.name, code });
    expect(entry().store.error?.code).toBe(code);
    expect(entry().subscription).toBeUndefined();
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('continues after unsubscribed with the code requested', () => {
    const { entry, receive, values } = setUpLive(a);
    receive({ type: 'unsubscribed', topic: a.name, code: 'requested' }, patch(a));
    expect(entry().store.error).toBeUndefined();
    expect(values.get(a.name)).toBe(4);
  });

  test('continues if it is already requested again or delivered by a newer socket', async () => {
    const again = setUpLive(a);
    again.session.topics.follow(again.entry());
    await again.environment.settle();
    again.receive({ type: 'unsubscribed', topic: a.name, code: 'closed' });
    expect(again.entry().store.error).toBeUndefined();
    const newer = setUpLive(a);
    newer.entry().subscription = {};
    newer.receive({ type: 'unsubscribed', topic: a.name, code: 'closed' });
    expect(newer.entry().store.error).toBeUndefined();
  });
});

describe('a topic that the server rejects', () => {
  test('is deferred for a temporary error and is not unsubscribed', async () => {
    const { entry, environment, look, receive, session, eventsOf } = setUpLive(a);
    receive(error('unavailable', { temporary: true, retryAfter: 700, topic: a.name }));
    expect(eventsOf('topic-deferred')).toEqual([
      {
        type: 'topic-deferred',
        entry: a.name,
        error: expect.objectContaining({ code: 'unavailable', retryAfter: 700 }),
      },
    ]);
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
    expect(entry()).toMatchObject({ subscription: undefined, store: { error: undefined } });
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('fails for a permanent error, and the others continue', () => {
    const { entry, receive, eventsOf, values } = setUpLive(a, b);
    receive(error('forbidden', { topic: a.name }), patch(b));
    expect(entry(a)).toMatchObject({ subscription: undefined, store: { error: { code: 'forbidden' } } });
    expect(values.get(b.name)).toBe(4);
    expect(eventsOf('topic-deferred')).toEqual([]);
    expect(eventsOf('connection-rejected')).toEqual([]);
  });

  test('is every topic of the request with the ref, and no other', async () => {
    const { entry, environment, receive, session } = setUpLive(a, b);
    session.topics.follow(entry(b));
    await environment.settle();
    receive(error('forbidden', { ref: '2' }));
    expect([a, b].map((topic) => entry(topic).store.error?.code)).toEqual([undefined, 'forbidden']);
  });

  test('is only the named topic of the request with the ref', () => {
    const { entry, receive } = setUpLive(a, b);
    receive(error('forbidden', { topic: b.name, ref: '1' }));
    expect([a, b].map((topic) => entry(topic).store.error?.code)).toEqual([undefined, 'forbidden']);
  });

  test('is not one that was requested again', async () => {
    const { entry, environment, receive, session } = setUpLive(a);
    session.topics.follow(entry());
    await environment.settle();
    receive(error('forbidden', { topic: a.name, ref: '1' }));
    expect(entry().store.error).toBeUndefined();
  });

  test('is not one whose end crossed its unsubscribe', () => {
    const { events, entry, receive, values } = setUpLive(a);
    receive(error('not_subscribed', { topic: a.name }), patch(a));
    expect(entry().store.error).toBeUndefined();
    expect(values.get(a.name)).toBe(4);
    expect(events).toEqual([{ type: 'publication-received', topic: a.name }]);
  });
});

describe('two sockets', () => {
  test('the older one ignores topics that the newer one delivers', () => {
    const { entry, receive, values } = setUpLive(a);
    entry().subscription = {};
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });

  test('the newer one takes over the topics of the older one', () => {
    const { entry, look, open, values } = setUpLive(a);
    const old = entry().subscription;
    const newer = open();
    newer.greet('client', undefined);
    look();
    for (const frame of [subscribed(a, { recovered: true }), patch(a)]) newer.receive(JSON.stringify(frame));
    expect(entry().subscription).not.toBe(old);
    expect(values.get(a.name)).toBe(4);
  });

  test('a retired one delivers only topics that the newer one does not', () => {
    const { entry, receive, session, values } = setUp(a, b);
    session.greet('client', undefined);
    session.topics.retire();
    const newer = {};
    entry(a).subscription = newer;
    receive(subscribed(a), snapshot(a), subscribed(b), snapshot(b));
    expect(entry(a).subscription).toBe(newer);
    expect([values.get(a.name), values.get(b.name)]).toEqual([undefined, 3]);
  });

  test('the end of one does not affect topics of the newer one', () => {
    const { entry, session } = setUpLive(a, b);
    const newer = {};
    entry(a).subscription = newer;
    session.end();
    expect([entry(a).subscription, entry(b).subscription]).toEqual([newer, undefined]);
  });
});

describe('a silent socket', () => {
  test('delivers no topics, and subscribes to all at once when it recovers', () => {
    const { entry, look, receive, session, values } = setUpLive(a);
    session.topics.suspend();
    expect(entry().subscription).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    session.topics.followAll();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
    receive(subscribed(a, { ref: '2', recovered: true }), patch(a));
    expect(values.get(a.name)).toBe(4);
  });

  test('ignores answers to older requests after it recovers', () => {
    const { entry, receive, session, values } = setUpLive(a);
    session.topics.followAll();
    expect(entry().subscription).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });
});

import { describe, expect, test } from '@jest/globals';

import { failTopic } from './topic-errors.js';
import {
  a,
  b,
  notices,
  WELCOME,
  setUp,
  setUpLive,
  subscribed,
  snapshot,
  patch,
  error,
} from '../../test/support/socket-session-bench.js';

describe('a topic that is followed', () => {
  test('before the greeting is part of it', async () => {
    const { entry, environment, look, session } = setUp(a);
    session.topics.follow(entry());
    await environment.settle();
    expect(look()).toEqual([]);
    session.greet('client', undefined);
    expect(look()).toHaveLength(2);
  });

  test('is asked for at the end of the turn, with others of the same turn', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    [a, b].forEach(follow);
    session.topics.follow(entry(a));
    session.topics.follow(entry(b));
    expect(look()).toEqual([]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name }, { topic: b.name }], ref: '1' }]);
  });

  test('is carried from the answer to the latest request on, and nothing before it counts', async () => {
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

  test('that another way was refused meanwhile is left with the answer, and the rest is settled', async () => {
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

  test('is no longer carried while it is asked for again', async () => {
    const { entry, environment, receive, session, values } = setUpLive(a);
    session.topics.follow(entry());
    expect(entry().subscription).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    await environment.settle();
    receive(subscribed(a, { ref: '2', recovered: true }), patch(a));
    expect(values.get(a.name)).toBe(4);
  });

  test('takes its publications, each of which is a sign of its life', () => {
    const { look, receive, eventsOf, values } = setUpLive(a, b);
    receive(patch(a), snapshot(b, 8));
    expect([values.get(a.name), values.get(b.name)]).toEqual([4, 8]);
    expect(eventsOf('publication-received')).toMatchObject([{ topic: a.name }, { topic: b.name }]);
    expect(look()).toEqual([]);
  });

  test('does not take what comes of it unasked', () => {
    const { events, receive, values } = setUpLive(a);
    receive(subscribed(b), snapshot(b), { type: 'unsubscribed', topic: b.name, code: 'closed' });
    expect(events).toEqual([]);
    expect(values.get(b.name)).toBeUndefined();
  });

  test('is asked for again at the end of the turn where something is missing', async () => {
    const { environment, look, metrics, receive } = setUpLive(a);
    receive(patch(a, 7), patch(a, 8));
    expect(metrics.metrics.holes).toBe(1);
    await environment.settle();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
  });

  test('rests where it goes on missing something', async () => {
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

  test('is given back where the server has it as the other kind', async () => {
    const { entry, environment, look, receive } = setUpLive(a);
    receive(subscribed(a, { kind: 'events', ref: undefined }));
    await environment.settle();
    expect(entry().store.error?.code).toBe('kind_mismatch');
    expect(entry().subscription).toBeUndefined();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });

  test('may be one of events', () => {
    const { receive, registry, session } = setUp();
    const seen: unknown[] = [];
    registry.deliveries(notices).subscribe((delivery) => seen.push(delivery.position.offset));
    session.greet('client', undefined);
    receive(subscribed(notices, { kind: 'events' }), { type: 'event', topic: notices.name, offset: 4, data: 'x' });
    expect(seen).toEqual([4]);
  });
});

describe('a topic that is left', () => {
  test('is given back at the end of the turn, with others of the same turn, once', async () => {
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

  test('is not given back where the server was never asked for it', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    follow(a);
    session.topics.follow(entry());
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('and followed again in the same turn is only asked for', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.topics.leave(entry());
    session.topics.follow(entry());
    await environment.settle();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
  });

  test('is given back though the socket was suspended meanwhile', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.topics.suspend();
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });
});

describe('a topic that the server ends', () => {
  test.each(['closed', 'forbidden', 'unauthorized'] as const)('%s errs, and is not given back', async (code) => {
    const { entry, environment, look, receive, session, eventsOf } = setUpLive(a);
    receive({ type: 'unsubscribed', topic: a.name, code });
    expect(entry().store.error?.code).toBe(code);
    expect(entry().subscription).toBeUndefined();
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('goes on where it was only a request of its own that ended', () => {
    const { entry, receive, values } = setUpLive(a);
    receive({ type: 'unsubscribed', topic: a.name, code: 'requested' }, patch(a));
    expect(entry().store.error).toBeUndefined();
    expect(values.get(a.name)).toBe(4);
  });

  test('goes on where it is asked for again already, or carried by a newer socket', async () => {
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

describe('a topic that the server refuses', () => {
  test('rests for as long as a temporary error asks, and is not given back', async () => {
    const { entry, environment, look, receive, session, eventsOf } = setUpLive(a);
    receive(error('unavailable', { temporary: true, retryAfter: 700, topic: a.name }));
    expect(eventsOf('topic-deferred')).toEqual([{ type: 'topic-deferred', entry: a.name, retryAfter: 700 }]);
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
    expect(entry()).toMatchObject({ subscription: undefined, store: { error: undefined } });
    session.topics.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('errs where the error is final, and the others go on', () => {
    const { entry, receive, eventsOf, values } = setUpLive(a, b);
    receive(error('forbidden', { topic: a.name }), patch(b));
    expect(entry(a)).toMatchObject({ subscription: undefined, store: { error: { code: 'forbidden' } } });
    expect(values.get(b.name)).toBe(4);
    expect(eventsOf('topic-deferred')).toEqual([]);
    expect(eventsOf('connection-rejected')).toEqual([]);
  });

  test('is every topic of the request that is named, and of no other', async () => {
    const { entry, environment, receive, session } = setUpLive(a, b);
    session.topics.follow(entry(b));
    await environment.settle();
    receive(error('forbidden', { ref: '2' }));
    expect([a, b].map((topic) => entry(topic).store.error?.code)).toEqual([undefined, 'forbidden']);
  });

  test('is the one topic of the request, where both are named', () => {
    const { entry, receive } = setUpLive(a, b);
    receive(error('forbidden', { topic: b.name, ref: '1' }));
    expect([a, b].map((topic) => entry(topic).store.error?.code)).toEqual([undefined, 'forbidden']);
  });

  test('is not one that was asked for again meanwhile', async () => {
    const { entry, environment, receive, session } = setUpLive(a);
    session.topics.follow(entry());
    await environment.settle();
    receive(error('forbidden', { topic: a.name, ref: '1' }));
    expect(entry().store.error).toBeUndefined();
  });

  test('is not one whose end was crossed by a request to end it', () => {
    const { events, entry, receive, values } = setUpLive(a);
    receive(error('not_subscribed', { topic: a.name }), patch(a));
    expect(entry().store.error).toBeUndefined();
    expect(values.get(a.name)).toBe(4);
    expect(events).toEqual([{ type: 'publication-received', topic: a.name }]);
  });
});

describe('two sockets', () => {
  test('the older one takes no more of what the newer one carries', () => {
    const { entry, receive, values } = setUpLive(a);
    entry().subscription = {};
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });

  test('the newer one takes over what the older one carries', () => {
    const { entry, look, open, values } = setUpLive(a);
    const old = entry().subscription;
    const newer = open();
    newer.greet('client', undefined);
    look();
    for (const frame of [subscribed(a, { recovered: true }), patch(a)]) newer.receive(JSON.stringify(frame));
    expect(entry().subscription).not.toBe(old);
    expect(values.get(a.name)).toBe(4);
  });

  test('one that retires carries only what the newer one does not', () => {
    const { entry, receive, session, values } = setUp(a, b);
    session.greet('client', undefined);
    session.topics.retire();
    const newer = {};
    entry(a).subscription = newer;
    receive(subscribed(a), snapshot(a), subscribed(b), snapshot(b));
    expect(entry(a).subscription).toBe(newer);
    expect([values.get(a.name), values.get(b.name)]).toEqual([undefined, 3]);
  });

  test('one that ends leaves alone what the newer one carries', () => {
    const { entry, session } = setUpLive(a, b);
    const newer = {};
    entry(a).subscription = newer;
    session.end();
    expect([entry(a).subscription, entry(b).subscription]).toEqual([newer, undefined]);
  });
});

describe('a socket that is silent', () => {
  test('carries nothing, and asks for everything at once when it is heard again', () => {
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

  test('takes nothing of an older request when it asks for everything', () => {
    const { entry, receive, session, values } = setUpLive(a);
    session.topics.followAll();
    expect(entry().subscription).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });
});

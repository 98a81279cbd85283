import { describe, expect, test } from '@jest/globals';

import {
  a,
  b,
  topicOf,
  WELCOME,
  setUp,
  setUpLive,
  subscribed,
  snapshot,
  patch,
  error,
  type Frame,
} from '../../test/support/socket-session-bench.js';

describe('a session that starts', () => {
  test('sends hello and a subscribe of all topics with their positions at once', () => {
    const { look, session, eventsOf } = setUp(a, b);
    session.greet('client', 'token');
    expect(look()).toEqual([
      { type: 'hello', clientId: 'client', token: 'token', deltas: ['move', 'append'] },
      { type: 'subscribe', topics: [{ topic: a.name }, { topic: b.name }], ref: '1' },
    ]);
    expect(eventsOf('request-sent')).toHaveLength(1);
  });

  test('subscribes from the position of a topic if there is one', () => {
    const { look, open } = setUpLive(a, b);
    const next = open();
    next.greet('client', undefined);
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([
      { type: 'hello', clientId: 'client', deltas: ['move', 'append'] },
      { ...{ type: 'subscribe', ref: '1' }, topics: [a, b].map(({ name }) => ({ topic: name, since })) },
    ]);
  });

  test('sends no subscribe without topics', () => {
    const { look, session } = setUp();
    session.greet('client', undefined);
    expect(look()).toEqual([{ type: 'hello', clientId: 'client', deltas: ['move', 'append'] }]);
  });

  test('subscribes to 32 topics per frame, which every server accepts', () => {
    const topics = Array.from({ length: 65 }, (_, n) => topicOf(String(n)));
    const { look, session } = setUp(...topics);
    session.greet('client', undefined);
    const requests = look().slice(1) as { ref: string; topics: { topic: string }[] }[];
    expect(requests.map((request) => [request.ref, request.topics.length])).toEqual([
      ['1', 32],
      ['2', 32],
      ['3', 1],
    ]);
    expect(requests.flatMap((request) => request.topics.map(({ topic }) => topic))).toEqual(
      topics.map(({ name }) => name),
    );
  });

  test('counts sent and received frames, but no frames of unknown types', () => {
    const { metrics, receive, session } = setUp(a);
    session.greet('client', undefined);
    receive(WELCOME, { type: 'tomorrow' });
    expect(metrics.metrics).toMatchObject({ framesSent: 2, framesReceived: 1 });
  });
});

describe('a session that ended', () => {
  test('sends nothing, ignores frames and delivers no topics', async () => {
    const { events, entry, environment, look, metrics, receive, session, values } = setUpLive(a);
    const { framesReceived, framesSent } = metrics.metrics;
    session.topics.leave(entry());
    session.end();
    session.topics.follow(entry());
    session.ping(1);
    await environment.settle();
    receive({ type: 'pong', time: 1 }, patch(a));
    expect([look(), events]).toEqual([[], []]);
    expect(entry().subscription).toBeUndefined();
    expect(values.get(a.name)).toBe(3);
    expect(metrics.metrics).toMatchObject({ framesReceived, framesSent });
  });
});

describe('topics are confirmed', () => {
  test('with the welcome if there are no topics', () => {
    const { events, receive, session } = setUp();
    session.greet('client', undefined);
    receive(WELCOME);
    expect(events).toEqual([{ type: 'welcomed', frame: WELCOME }, { type: 'topics-confirmed' }]);
  });

  test('with the last answer, not before', () => {
    const { receive, session, eventsOf } = setUp(a, b);
    session.greet('client', undefined);
    receive(WELCOME, subscribed(a), snapshot(a));
    expect(eventsOf('topics-confirmed')).toEqual([]);
    receive(subscribed(b));
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
  });

  test('with a rejection as the last answer', () => {
    const { receive, session, eventsOf } = setUp(a, b);
    session.greet('client', undefined);
    receive(WELCOME, subscribed(a), error('forbidden', { topic: b.name, ref: '1' }));
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
  });

  test('not before the welcome, and not before every topic is requested', async () => {
    const { entry, environment, follow, receive, session, eventsOf } = setUp(a);
    session.greet('client', undefined);
    receive(subscribed(a));
    expect(eventsOf('topics-confirmed')).toEqual([]);
    follow(b);
    session.topics.follow(entry(b));
    receive(WELCOME);
    expect(eventsOf('topics-confirmed')).toEqual([]);
    await environment.settle();
    receive(subscribed(b, { ref: '2' }));
    expect(eventsOf('topics-confirmed')).toHaveLength(1);
  });
});

describe('a session awaits an answer', () => {
  test('while a topic is unconfirmed', () => {
    const { receive, session } = setUp(a);
    session.greet('client', undefined);
    receive(WELCOME);
    expect(session.isAwaitingAnswer).toBe(true);
    receive(subscribed(a));
    expect(session.isAwaitingAnswer).toBe(false);
  });

  test('while an action is unanswered', () => {
    const { look, outbox, receive, session } = setUpLive(a);
    outbox.setSender(session.actions);
    outbox.add('x', 1, 0);
    expect(session.isAwaitingAnswer).toBe(true);
    receive({ type: 'ack', id: look()[0]!['id'] });
    expect(session.isAwaitingAnswer).toBe(false);
  });

  test('while a token is neither accepted nor rejected', () => {
    const { receive, session } = setUpLive(a);
    const ref = session.authenticate('new');
    expect(session.isAwaitingAnswer).toBe(true);
    receive({ type: 'authenticated', ref });
    expect(session.isAwaitingAnswer).toBe(false);
  });
});

describe('new credentials', () => {
  test('are answered once, by their ref', () => {
    const { look, receive, session, eventsOf } = setUpLive();
    const ref = session.authenticate('new');
    expect(look()).toEqual([{ type: 'authenticate', token: 'new', ref }]);
    expect(eventsOf('request-sent')).toHaveLength(1);
    const answer = { type: 'authenticated', ref, expiresAt: 5 };
    receive(answer, error('unauthorized', { ref }));
    expect(eventsOf('authenticate-answered')).toEqual([{ type: 'authenticate-answered', answer: answer }]);
  });

  test('may be rejected without an effect on topics', () => {
    const { entry, receive, session, eventsOf } = setUpLive(a);
    const [first, second] = [session.authenticate('one'), session.authenticate('two')];
    expect(first).not.toBe(second);
    const rejections = [error('unauthorized', { ref: second }), error('forbidden', { ref: second })];
    receive(...rejections);
    expect(eventsOf('authenticate-answered')).toEqual([{ type: 'authenticate-answered', answer: rejections[0] }]);
    expect(entry().store.error).toBeUndefined();
    expect(eventsOf('connection-rejected')).toEqual([]);
  });

  test('may get a new expiry without a request', () => {
    const { events, receive } = setUpLive();
    receive({ type: 'authenticated', expiresAt: 5 });
    expect(events).toEqual([{ type: 'authenticate-answered', answer: { type: 'authenticated', expiresAt: 5 } }]);
  });
});

describe('frames for the whole connection', () => {
  test('an error without a topic and a drain are reported', () => {
    const { events, look, receive } = setUpLive(a);
    receive(error('too_many_requests'), { type: 'drain', reconnectWithin: 5_000 });
    expect(events).toEqual([
      { type: 'connection-rejected', reason: { code: 'too_many_requests', message: 'No.' } },
      { type: 'draining', reconnectWithin: 5_000 },
    ]);
    expect(look()).toEqual([]);
  });

  test('a ping is answered with its time, and a pong reports its time', () => {
    const { events, look, receive, session } = setUpLive();
    session.ping(17);
    receive({ type: 'ping', time: 5 }, { type: 'ping' }, { type: 'pong', time: 17 }, { type: 'pong' });
    expect(events).toEqual([{ type: 'pong-received', time: 17 }]);
    expect(look()).toEqual([{ type: 'ping', time: 17 }, { type: 'pong', time: 5 }, { type: 'pong' }]);
  });
});

describe('actions of a session', () => {
  const named = (frames: Frame[]) => frames.map(({ name }) => name);

  test('are answered by their id', () => {
    const { look, outbox, receive, session } = setUpLive();
    outbox.setSender(session.actions);
    const log: unknown[] = [];
    for (const name of ['x', 'y']) {
      outbox.add(name, 1, 0).subscribe({ next: (n) => log.push(n), error: ({ code }) => log.push(code) });
    }
    const [x, y] = look().map(({ id }) => id);
    receive({ type: 'ack', id: x, data: 5 }, error('forbidden', { id: y, topic: a.name }));
    expect(log).toEqual([5, 'forbidden']);
  });

  test('that a draining node rejects stay for the next one', () => {
    const { look, outbox, receive, session, eventsOf } = setUpLive();
    outbox.setSender(session.actions);
    outbox.add('x', 1, 0);
    const [x] = look();
    receive({ type: 'drain', reconnectWithin: 5_000 });
    receive(error('unavailable', { id: x!['id'], temporary: true, retryAfter: 100 }));
    expect(eventsOf('actions-delayed')).toEqual([]);
    expect(outbox.isEmpty).toBe(false);
  });

  test('end as too large if the server rejects the connection for a frame of their size', () => {
    const { look, outbox, session } = setUpLive(a);
    const codes: string[] = [];
    outbox.setSender(session.actions);
    for (const size of [1, 400])
      outbox.add('x'.repeat(size), size, 0).subscribe({ error: ({ code }) => codes.push(code) });
    session.handleTooLarge();
    expect(codes).toEqual(['too_large']);
    expect(named(look())).toEqual(['x', 'x'.repeat(400)]);
    expect(outbox.isEmpty).toBe(false);
  });

  test('go on if another frame may be the one that was too large', () => {
    const { outbox, session } = setUpLive(...Array.from({ length: 9 }, (_, n) => topicOf(`long-${n}`)));
    const codes: string[] = [];
    outbox.setSender(session.actions);
    outbox.add('x', 1, 0).subscribe({ error: ({ code }) => codes.push(code) });
    session.handleTooLarge();
    expect(codes).toEqual([]);
  });

  test('have their answers confirmed by a pong, which waits for the welcome', () => {
    const { look, outbox, receive, session } = setUp();
    session.greet('client', undefined);
    outbox.setSender(session.actions);
    outbox.add('x', 1, 0);
    const id = look().at(-1)!['id'];
    receive({ type: 'ack', id });
    session.actions.confirm();
    expect(look()).toEqual([]);
    receive(WELCOME);
    session.actions.confirm();
    expect(look()).toEqual([{ type: 'pong', answered: [id] }]);
  });

  test('of unusual size wait for the welcome', () => {
    const { look, outbox, receive, session } = setUp();
    session.greet('client', undefined);
    outbox.setSender(session.actions);
    outbox.add('large', 'x'.repeat(70_000), 0);
    expect(named(look())).toEqual([undefined]);
    receive(WELCOME);
    outbox.flush();
    expect(named(look())).toEqual(['large']);
  });

  test.each([
    ['20 frames a second without a limit in welcome', undefined, 18],
    ['the limit in welcome', 25, 23],
    ['the absence of a limit', 0, 30],
  ])('respect %s, including the first frames', (_, framesPerSecond, expected) => {
    const { look, outbox, receive, session } = setUp(a);
    session.greet('client', undefined);
    receive({ ...WELCOME, limits: { ...WELCOME.limits, framesPerSecond } });
    look();
    outbox.setSender(session.actions);
    for (let n = 0; n < 30; n++) outbox.add(String(n), n, 0);
    expect(look()).toHaveLength(expected);
  });
});

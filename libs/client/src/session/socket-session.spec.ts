import { eventTopic, stateTopic, type Json, type TopicReference } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';

import { ActionOutbox } from '../actions/action-outbox.js';
import { MetricsRecorder } from '../metrics-recorder.js';
import { VirtualEnvironment } from '../testing/virtual-environment.js';
import { TopicRegistry } from '../topics/topic-registry.js';
import type { SessionListener } from './session-listener.js';
import { SocketSession } from './socket-session.js';

type Frame = Record<string, unknown>;

const topicOf = (n: string): TopicReference<Json, 'state'> => stateTopic<Json>()('topics/:n').with({ n });
const [a, b] = [topicOf('a'), topicOf('b')];
const notices = eventTopic<string>()('notices').with();

const WELCOME = {
  ...{ type: 'welcome', connectionId: 'c', serverTime: 0, heartbeat: { interval: 30_000, timeout: 10_000 } },
  ...{ limits: { frameBytes: 65_536, subscriptions: 128 }, actionWindow: 120_000 },
};

/** A session that was not greeted yet, of topics that somebody follows. */
function setUp(...followed: (typeof a)[]) {
  const environment = new VirtualEnvironment();
  const metrics = new MetricsRecorder(environment);
  const registry = new TopicRegistry(environment, metrics, 0, () => undefined);
  const outbox = new ActionOutbox(environment);
  const sent: Frame[] = [];
  const calls: unknown[][] = [];
  const noted =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args]);
  const listener: SessionListener = {
    welcome: noted('welcome'),
    topicMoved: noted('topicMoved'),
    asked: noted('asked'),
    rest: ({ name }, retryAfter) => calls.push(['rest', name, retryAfter]),
    carryLater: noted('carryLater'),
    drain: noted('drain'),
    authenticated: noted('authenticated'),
    refused: noted('refused'),
    settled: noted('settled'),
  };
  const open = () => {
    const send = (text: string) => void sent.push(JSON.parse(text) as Frame);
    return new SocketSession(send, registry, outbox, metrics, environment, listener);
  };
  const session = open();
  const values = new Map<string, unknown>();
  const follow = (topic: typeof a) =>
    registry.states(topic).subscribe({ next: ({ value }) => values.set(topic.name, value), error: () => undefined });
  const following = followed.map(follow);
  const receive = (...frames: Frame[]) => frames.map((frame) => session.receive(JSON.stringify(frame)));
  return {
    ...{ calls, environment, follow, following, metrics, open, outbox, receive, registry, sent, session, values },
    entry: (topic: TopicReference = a) => registry.get(topic.name)!,
    /** Arguments of each call of the listener. */
    told: (name: keyof SessionListener) => calls.filter(([called]) => called === name).map(([, ...args]) => args),
    /** Frames since the last look. */
    look: () => sent.splice(0),
  };
}

/** Greeted, welcomed and confirmed at offset 3. */
function setUpLive(...followed: (typeof a)[]) {
  const setup = setUp(...followed);
  setup.session.greet('client', undefined);
  setup.receive(WELCOME, ...followed.flatMap((topic) => [subscribed(topic), snapshot(topic)]));
  setup.look();
  setup.calls.length = 0;
  return setup;
}

function subscribed({ name }: TopicReference, more: Frame = {}): Frame {
  return { type: 'subscribed', topic: name, kind: 'state', epoch: 'e', offset: 3, recovered: false, ref: '1', ...more };
}

function snapshot({ name }: TopicReference, offset = 3): Frame {
  return { type: 'snapshot', topic: name, epoch: 'e', offset, data: offset };
}

function patch({ name }: TopicReference, from = 3): Frame {
  return { type: 'patch', topic: name, from, offset: from + 1, delta: [from + 1] };
}

function error(code: string, more: Frame = {}): Frame {
  return { type: 'error', code, message: 'No.', temporary: false, ...more };
}

describe('a session that greets', () => {
  test('says who is there and asks for all topics from where they stand, without waiting', () => {
    const { look, session, told } = setUp(a, b);
    session.greet('client', 'token');
    expect(look()).toEqual([
      { type: 'hello', clientId: 'client', token: 'token' },
      { type: 'subscribe', topics: [{ topic: a.name }, { topic: b.name }], ref: '1' },
    ]);
    expect(told('asked')).toHaveLength(1);
  });

  test('asks from the position of a topic where there is one', () => {
    const { look, open } = setUpLive(a, b);
    const next = open();
    next.greet('client', undefined);
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([
      { type: 'hello', clientId: 'client' },
      { ...{ type: 'subscribe', ref: '1' }, topics: [a, b].map(({ name }) => ({ topic: name, since })) },
    ]);
  });

  test('asks for nothing where nothing is followed', () => {
    const { look, session } = setUp();
    session.greet('client', undefined);
    expect(look()).toEqual([{ type: 'hello', clientId: 'client' }]);
  });

  test('asks for 64 topics in a frame', () => {
    const topics = Array.from({ length: 129 }, (_, n) => topicOf(String(n)));
    const { look, session } = setUp(...topics);
    session.greet('client', undefined);
    const requests = look().slice(1) as { ref: string; topics: { topic: string }[] }[];
    expect(requests.map((request) => [request.ref, request.topics.length])).toEqual([
      ['1', 64],
      ['2', 64],
      ['3', 1],
    ]);
    expect(requests.flatMap((request) => request.topics.map(({ topic }) => topic))).toEqual(
      topics.map(({ name }) => name),
    );
  });

  test('counts what it sends and what it is sent, but no frames of a later protocol', () => {
    const { metrics, receive, session } = setUp(a);
    session.greet('client', undefined);
    receive(WELCOME, { type: 'tomorrow' });
    expect(metrics.metrics).toMatchObject({ framesSent: 2, framesReceived: 1 });
  });
});

describe('a topic that is followed', () => {
  test('before the greeting is part of it', async () => {
    const { entry, environment, look, session } = setUp(a);
    session.follow(entry());
    await environment.settle();
    expect(look()).toEqual([]);
    session.greet('client', undefined);
    expect(look()).toHaveLength(2);
  });

  test('is asked for at the end of the turn, with others of the same turn', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    [a, b].forEach(follow);
    session.follow(entry(a));
    session.follow(entry(b));
    expect(look()).toEqual([]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name }, { topic: b.name }], ref: '1' }]);
  });

  test('is carried from the answer to the latest request on, and nothing before it counts', async () => {
    const { entry, environment, receive, session, values } = setUp(a);
    session.greet('client', undefined);
    session.follow(entry());
    await environment.settle();
    receive(WELCOME, subscribed(a, { ref: '1' }), snapshot(a));
    expect([entry().carrier, values.get(a.name)]).toEqual([undefined, undefined]);
    receive(subscribed(a, { ref: '2' }), snapshot(a));
    expect(entry().carrier).toBeDefined();
    expect(values.get(a.name)).toBe(3);
  });

  test('is no longer carried while it is asked for again', async () => {
    const { entry, environment, receive, session, values } = setUpLive(a);
    session.follow(entry());
    expect(entry().carrier).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    await environment.settle();
    receive(subscribed(a, { ref: '2', recovered: true }), patch(a));
    expect(values.get(a.name)).toBe(4);
  });

  test('takes its publications, each of which is a sign of its life', () => {
    const { look, receive, told, values } = setUpLive(a, b);
    receive(patch(a), snapshot(b, 8));
    expect([values.get(a.name), values.get(b.name)]).toEqual([4, 8]);
    expect(told('topicMoved')).toEqual([[a.name], [b.name]]);
    expect(look()).toEqual([]);
  });

  test('does not take what comes of it unasked', () => {
    const { calls, receive, values } = setUpLive(a);
    receive(subscribed(b), snapshot(b), { type: 'unsubscribed', topic: b.name, code: 'closed' });
    expect(calls).toEqual([]);
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
    const { entry, environment, look, receive, told } = setUpLive(a);
    for (const ref of ['2', '3', '4']) {
      receive(patch(a, 7));
      await environment.settle();
      receive(subscribed(a, { ref, offset: 9, recovered: true }));
    }
    look();
    receive(patch(a, 7));
    await environment.settle();
    expect(told('rest')).toEqual([[a.name, undefined]]);
    expect(look()).toEqual([]);
    expect(entry().carrier).toBeUndefined();
  });

  test('is given back where the server has it as the other kind', async () => {
    const { entry, environment, look, receive } = setUpLive(a);
    receive(subscribed(a, { kind: 'events', ref: undefined }));
    await environment.settle();
    expect(entry().store.error?.code).toBe('kind_mismatch');
    expect(entry().carrier).toBeUndefined();
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
    session.leave(first);
    session.leave(second);
    session.leave(first);
    expect(first.carrier).toBeUndefined();
    expect(look()).toEqual([]);
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name, b.name] }]);
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    session.follow(first);
    await environment.settle();
    expect(look()).toMatchObject([{ type: 'subscribe' }]);
  });

  test('is not given back where the server was never asked for it', async () => {
    const { entry, environment, follow, look, session } = setUpLive();
    follow(a);
    session.follow(entry());
    session.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('and followed again in the same turn is only asked for', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.leave(entry());
    session.follow(entry());
    await environment.settle();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
  });

  test('is given back though the socket was suspended meanwhile', async () => {
    const { entry, environment, look, session } = setUpLive(a);
    session.suspend();
    session.leave(entry());
    await environment.settle();
    expect(look()).toEqual([{ type: 'unsubscribe', topics: [a.name] }]);
  });
});

describe('a topic that the server ends', () => {
  test.each(['closed', 'forbidden', 'unauthorized'] as const)('%s errs, and is not given back', async (code) => {
    const { entry, environment, look, receive, session, told } = setUpLive(a);
    receive({ type: 'unsubscribed', topic: a.name, code });
    expect(entry().store.error?.code).toBe(code);
    expect(entry().carrier).toBeUndefined();
    expect(told('settled')).toHaveLength(1);
    session.leave(entry());
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
    again.session.follow(again.entry());
    await again.environment.settle();
    again.receive({ type: 'unsubscribed', topic: a.name, code: 'closed' });
    expect(again.entry().store.error).toBeUndefined();
    const newer = setUpLive(a);
    newer.entry().carrier = {};
    newer.receive({ type: 'unsubscribed', topic: a.name, code: 'closed' });
    expect(newer.entry().store.error).toBeUndefined();
  });
});

describe('a topic that the server refuses', () => {
  test('rests for as long as a temporary error asks, and is not given back', async () => {
    const { entry, environment, look, receive, session, told } = setUpLive(a);
    receive(error('unavailable', { temporary: true, retryAfter: 700, topic: a.name }));
    expect(told('rest')).toEqual([[a.name, 700]]);
    expect(told('settled')).toHaveLength(1);
    expect(entry()).toMatchObject({ carrier: undefined, store: { error: undefined } });
    session.leave(entry());
    await environment.settle();
    expect(look()).toEqual([]);
  });

  test('errs where the error is final, and the others go on', () => {
    const { entry, receive, told, values } = setUpLive(a, b);
    receive(error('forbidden', { topic: a.name }), patch(b));
    expect(entry(a)).toMatchObject({ carrier: undefined, store: { error: { code: 'forbidden' } } });
    expect(values.get(b.name)).toBe(4);
    expect(told('rest')).toEqual([]);
    expect(told('refused')).toEqual([]);
  });

  test('is every topic of the request that is named, and of no other', async () => {
    const { entry, environment, receive, session } = setUpLive(a, b);
    session.follow(entry(b));
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
    session.follow(entry());
    await environment.settle();
    receive(error('forbidden', { topic: a.name, ref: '1' }));
    expect(entry().store.error).toBeUndefined();
  });

  test('is not one whose end was crossed by a request to end it', () => {
    const { calls, entry, receive, values } = setUpLive(a);
    receive(error('not_subscribed', { topic: a.name }), patch(a));
    expect(entry().store.error).toBeUndefined();
    expect(values.get(a.name)).toBe(4);
    expect(calls).toEqual([['topicMoved', a.name]]);
  });
});

describe('two sockets', () => {
  test('the older one takes no more of what the newer one carries', () => {
    const { entry, receive, values } = setUpLive(a);
    entry().carrier = {};
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });

  test('the newer one takes over what the older one carries', () => {
    const { entry, look, open, values } = setUpLive(a);
    const old = entry().carrier;
    const newer = open();
    newer.greet('client', undefined);
    look();
    for (const frame of [subscribed(a, { recovered: true }), patch(a)]) newer.receive(JSON.stringify(frame));
    expect(entry().carrier).not.toBe(old);
    expect(values.get(a.name)).toBe(4);
  });

  test('one that retires carries only what the newer one does not', () => {
    const { entry, receive, session, values } = setUp(a, b);
    session.greet('client', undefined);
    session.retire();
    const newer = {};
    entry(a).carrier = newer;
    receive(subscribed(a), snapshot(a), subscribed(b), snapshot(b));
    expect(entry(a).carrier).toBe(newer);
    expect([values.get(a.name), values.get(b.name)]).toEqual([undefined, 3]);
  });

  test('one that ends leaves alone what the newer one carries', () => {
    const { entry, session } = setUpLive(a, b);
    const newer = {};
    entry(a).carrier = newer;
    session.end();
    expect([entry(a).carrier, entry(b).carrier]).toEqual([newer, undefined]);
  });
});

describe('a socket that is silent', () => {
  test('carries nothing, and asks for everything at once when it is heard again', () => {
    const { entry, look, receive, session, values } = setUpLive(a);
    session.suspend();
    expect(entry().carrier).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
    session.followAll();
    const since = { epoch: 'e', offset: 3 };
    expect(look()).toEqual([{ type: 'subscribe', topics: [{ topic: a.name, since }], ref: '2' }]);
    receive(subscribed(a, { ref: '2', recovered: true }), patch(a));
    expect(values.get(a.name)).toBe(4);
  });

  test('takes nothing of an older request when it asks for everything', () => {
    const { entry, receive, session, values } = setUpLive(a);
    session.followAll();
    expect(entry().carrier).toBeUndefined();
    receive(patch(a));
    expect(values.get(a.name)).toBe(3);
  });
});

describe('a session that ended', () => {
  test('sends nothing, takes nothing and carries nothing', async () => {
    const { calls, entry, environment, look, metrics, receive, session, values } = setUpLive(a);
    const { framesReceived, framesSent } = metrics.metrics;
    session.leave(entry());
    session.end();
    session.follow(entry());
    session.ping(1);
    await environment.settle();
    expect(receive({ type: 'pong', time: 1 }, patch(a))).toEqual([undefined, undefined]);
    expect([look(), calls]).toEqual([[], []]);
    expect(entry().carrier).toBeUndefined();
    expect(values.get(a.name)).toBe(3);
    expect(metrics.metrics).toMatchObject({ framesReceived, framesSent });
  });
});

describe('everything is settled', () => {
  test('with the welcome, where nothing is followed', () => {
    const { calls, receive, session } = setUp();
    session.greet('client', undefined);
    receive(WELCOME);
    expect(calls).toEqual([['welcome', WELCOME], ['settled']]);
  });

  test('with the last answer, not before', () => {
    const { receive, session, told } = setUp(a, b);
    session.greet('client', undefined);
    receive(WELCOME, subscribed(a), snapshot(a));
    expect(told('settled')).toEqual([]);
    receive(subscribed(b));
    expect(told('settled')).toHaveLength(1);
  });

  test('with a refusal as last answer', () => {
    const { receive, session, told } = setUp(a, b);
    session.greet('client', undefined);
    receive(WELCOME, subscribed(a), error('forbidden', { topic: b.name, ref: '1' }));
    expect(told('settled')).toHaveLength(1);
  });

  test('not before the welcome, and not while a topic is still to be asked for', async () => {
    const { entry, environment, follow, receive, session, told } = setUp(a);
    session.greet('client', undefined);
    receive(subscribed(a));
    expect(told('settled')).toEqual([]);
    follow(b);
    session.follow(entry(b));
    receive(WELCOME);
    expect(told('settled')).toEqual([]);
    await environment.settle();
    receive(subscribed(b, { ref: '2' }));
    expect(told('settled')).toHaveLength(1);
  });
});

describe('new credentials', () => {
  test('are answered once, by their ref', () => {
    const { look, receive, session, told } = setUpLive();
    const ref = session.authenticate('new');
    expect(look()).toEqual([{ type: 'authenticate', token: 'new', ref }]);
    expect(told('asked')).toHaveLength(1);
    const answer = { type: 'authenticated', ref, expiresAt: 5 };
    receive(answer, error('unauthorized', { ref }));
    expect(told('authenticated')).toEqual([[answer]]);
  });

  test('may be refused, which is no matter of topics', () => {
    const { entry, receive, session, told } = setUpLive(a);
    const [first, second] = [session.authenticate('one'), session.authenticate('two')];
    expect(first).not.toBe(second);
    const refusals = [error('unauthorized', { ref: second }), error('forbidden', { ref: second })];
    receive(...refusals);
    expect(told('authenticated')).toEqual([[refusals[0]]]);
    expect(entry().store.error).toBeUndefined();
    expect(told('refused')).toEqual([]);
  });

  test('may be confirmed without having been sent', () => {
    const { calls, receive } = setUpLive();
    receive({ type: 'authenticated', expiresAt: 5 });
    expect(calls).toEqual([['authenticated', { type: 'authenticated', expiresAt: 5 }]]);
  });
});

describe('what concerns the whole connection', () => {
  test('an error about nothing else is told, and a drain with the time there is', () => {
    const { calls, look, receive } = setUpLive(a);
    const refusal = error('too_many_requests');
    receive(refusal, { type: 'drain', reconnectWithin: 5_000 });
    expect(calls).toEqual([
      ['refused', refusal],
      ['drain', 5_000],
    ]);
    expect(look()).toEqual([]);
  });

  test('a ping is answered with its time, and a pong gives back ours', () => {
    const { look, receive, session } = setUpLive();
    session.ping(17);
    expect(receive({ type: 'ping', time: 5 }, { type: 'ping' }, { type: 'pong', time: 17 })).toEqual([
      ...[undefined, undefined],
      17,
    ]);
    expect(look()).toEqual([{ type: 'ping', time: 17 }, { type: 'pong', time: 5 }, { type: 'pong' }]);
  });
});

describe('actions of a session', () => {
  const named = (frames: Frame[]) => frames.map(({ name }) => name);

  test('are answered by their id', () => {
    const { look, outbox, receive, session } = setUpLive();
    outbox.use(session.actions);
    const log: unknown[] = [];
    for (const name of ['x', 'y']) {
      outbox.add(name, 1, 0).subscribe({ next: (n) => log.push(n), error: ({ code }) => log.push(code) });
    }
    const [x, y] = look().map(({ id }) => id);
    receive({ type: 'ack', id: x, data: 5 }, error('forbidden', { id: y, topic: a.name }));
    expect(log).toEqual([5, 'forbidden']);
  });

  test('that a draining node does not start stay for the next one', () => {
    const { look, outbox, receive, session, told } = setUpLive();
    outbox.use(session.actions);
    outbox.add('x', 1, 0);
    const [x] = look();
    receive({ type: 'drain', reconnectWithin: 5_000 });
    receive(error('unavailable', { id: x!['id'], temporary: true, retryAfter: 100 }));
    expect(told('carryLater')).toEqual([]);
    expect(outbox.isEmpty).toBe(false);
  });

  test('of unusual size wait for the welcome', () => {
    const { look, outbox, receive, session } = setUp();
    session.greet('client', undefined);
    outbox.use(session.actions);
    outbox.add('large', 'x'.repeat(70_000), 0);
    expect(named(look())).toEqual([undefined]);
    receive(WELCOME);
    outbox.pump();
    expect(named(look())).toEqual(['large']);
  });

  test.each([
    ['20 frames a second where the server tells no other', undefined, 18],
    ['what the server tells', 25, 23],
    ['no limit where the server has none', 0, 30],
  ])('keep to %s, the greeting counted in', (_, framesPerSecond, expected) => {
    const { look, outbox, receive, session } = setUp(a);
    session.greet('client', undefined);
    receive({ ...WELCOME, limits: { ...WELCOME.limits, framesPerSecond } });
    look();
    outbox.use(session.actions);
    for (let n = 0; n < 30; n++) outbox.add(String(n), n, 0);
    expect(look()).toHaveLength(expected);
  });
});

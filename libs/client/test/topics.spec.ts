import { stateTopic } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';

import type { RealtimeClientError, TopicState } from '../src/index.js';
import { battle, battleAt, notices, other, setUp, type Battle, type Setup } from './support/bench.js';

function follow({ client }: Setup) {
  const states: TopicState<Battle>[] = [];
  client.topic(battle).subscribe((state) => states.push(state));
  return states;
}

const UNKNOWN = { value: undefined, confirmed: undefined, pending: 0, position: undefined, error: undefined };

describe('a state topic', () => {
  test('is catching up before the first value and live with it', async () => {
    const setup = setUp();
    setup.server.publish(battle, battleAt(1));
    const states = follow(setup);
    expect(states).toEqual([{ ...UNKNOWN, freshness: { state: 'catching-up' } }]);
    await setup.environment.advance(100);
    expect(states.at(-1)).toEqual({
      ...UNKNOWN,
      value: battleAt(1),
      confirmed: battleAt(1),
      position: setup.server.position(battle),
      freshness: { state: 'live' },
    });
  });

  test('without publications is live without a value', async () => {
    const setup = setUp();
    const states = follow(setup);
    await setup.environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: undefined, position: { offset: 0 }, freshness: { state: 'live' } });
  });

  test('R3: survives a late answer to an earlier unsubscribe', async () => {
    const { environment, server, client } = setUp({ lingerMs: 0 });
    server.publish(battle, battleAt(1));
    const former = client.topic(battle).subscribe();
    await environment.advance(100);
    server.unsubscribe(battle, 'forbidden');
    former.unsubscribe();
    const states: TopicState<Battle>[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    server.send({ type: 'error', code: 'not_subscribed', message: '', temporary: false, topic: battle.name });
    await environment.advance(100);
    expect(states.some(({ error }) => error !== undefined)).toBe(false);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'live' } });
  });

  test('keeps the identity of unchanged parts after a patch', async () => {
    const { environment, server, client } = setUp();
    const values: Battle[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    server.publish(battle, battleAt(1));
    await environment.advance(100);
    server.publish(battle, battleAt(2));
    await environment.advance(100);
    const [before, after] = values as [Battle, Battle];
    expect(after.heroes[0]).not.toBe(before.heroes[0]);
    expect(after.heroes[1]).toBe(before.heroes[1]);
  });

  test('has one subscription for all subscribers, and a late one gets the value at once', async () => {
    const { environment, server, client } = setUp();
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    client.topic(battle).subscribe();
    await environment.advance(100);
    const late: Battle[] = [];
    client.state(battle).subscribe((value) => late.push(value));
    expect(late).toEqual([battleAt(1)]);
    const asked = server.connections[0]!.received.filter(({ type }) => type === 'subscribe');
    expect(asked).toHaveLength(1);
  });

  test('shares a frame with other topics requested in the same turn', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    const topic = stateTopic<number>()('numbers/:n');
    for (let n = 0; n < 70; n++) client.state(topic.with({ n: String(n) })).subscribe();
    await environment.advance(100);
    const asked = server.connections[0]!.received.filter(({ type }) => type === 'subscribe');
    expect(asked.map((frame) => 'topics' in frame && frame.topics.length)).toEqual([32, 32, 6]);
  });

  test('lingers for a second after the last subscriber left, then is unsubscribed', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    const subscription = client.state(battle).subscribe();
    await environment.advance(100);
    subscription.unsubscribe();
    await environment.advance(900);
    expect([...server.connections[0]!.subscriptions]).toEqual([battle.name]);
    client.state(battle).subscribe().unsubscribe();
    await environment.advance(900);
    expect([...server.connections[0]!.subscriptions]).toEqual([battle.name]);
    await environment.advance(200);
    expect([...server.connections[0]!.subscriptions]).toEqual([]);
  });

  test('with lingerMs: 0 is unsubscribed at once', async () => {
    const { environment, server, client } = setUp({ lingerMs: 0 });
    const subscription = client.state(battle).subscribe();
    await environment.advance(100);
    subscription.unsubscribe();
    await environment.advance(20);
    expect([...server.connections[0]!.subscriptions]).toEqual([]);
  });

  test('is requested again from its position after a missing patch, without a reconnect', async () => {
    const setup = setUp();
    const { environment, server, client } = setup;
    server.publish(battle, battleAt(1));
    const states = follow(setup);
    await environment.advance(100);
    const { publish } = server.connections[0]!;
    server.connections[0]!.publish = () => undefined;
    server.publish(battle, battleAt(2));
    server.connections[0]!.publish = publish;
    server.publish(battle, battleAt(3));
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: battleAt(3), freshness: { state: 'live' } });
    expect(states.map(({ value }) => value?.tick)).toEqual([undefined, 1, 1, 2, 3]);
    expect(client.metrics.holes).toBe(1);
    expect(server.upgradeCount).toBe(1);
    const asked = server.connections[0]!.received.filter(({ type }) => type === 'subscribe');
    expect(asked.at(-1)).toMatchObject({ topics: [{ topic: battle.name, since: { offset: 1 } }] });
  });

  test('is requested without since after a patch that does not fit', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    server.publish(battle, battleAt(1));
    const states = follow(setup);
    await environment.advance(100);
    server.send({ type: 'patch', topic: battle.name, from: 1, offset: 2, delta: { '>nowhere': { '=x': 1 } } });
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), position: { offset: 1 }, freshness: { state: 'live' } });
    const asked = server.connections[0]!.received.filter(({ type }) => type === 'subscribe');
    expect(asked.at(-1)).toMatchObject({ topics: [{ topic: battle.name }] });
    expect(asked.at(-1)).not.toMatchObject({ topics: [{ since: expect.anything() }] });
  });

  test('ignores an outdated frame by its position', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    server.publish(battle, battleAt(1));
    server.publish(battle, battleAt(2));
    const states = follow(setup);
    await environment.advance(100);
    const { epoch } = server.position(battle);
    server.send({ type: 'snapshot', topic: battle.name, epoch, offset: 1, data: battleAt(1) as never });
    server.send({ type: 'patch', topic: battle.name, from: 1, offset: 2, delta: { '=tick': 99 } });
    await environment.advance(100);
    expect(states.at(-1)!.value).toEqual(battleAt(2));
    expect(setup.client.metrics.holes).toBe(0);
  });

  test('gets the value of a new epoch on a live subscription', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    for (let i = 1; i <= 5; i++) server.publish(battle, battleAt(i));
    const states = follow(setup);
    await environment.advance(100);
    server.renew(battle);
    server.publish(battle, battleAt(6));
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({
      value: battleAt(6),
      position: server.position(battle),
      freshness: { state: 'live' },
    });
    expect(server.position(battle).offset).toBe(2);
    expect(setup.client.metrics.holes).toBe(0);
  });

  test('has no value in a new epoch without publications', async () => {
    const { environment, server, client } = setUp();
    const states: TopicState<Battle>[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    await environment.advance(100);
    server.send({ type: 'subscribed', topic: battle.name, kind: 'state', epoch: 'new', offset: 0, recovered: false });
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: undefined, position: { epoch: 'new', offset: 0 } });
  });

  test('ignores all frames before the subscribed with the latest ref', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    server.publish(battle, battleAt(1));
    const states = follow(setup);
    await environment.advance(15);
    server.send({ type: 'snapshot', topic: battle.name, epoch: 'x', offset: 9, data: battleAt(9) as never });
    server.send({
      type: 'subscribed',
      topic: battle.name,
      kind: 'state',
      epoch: 'x',
      offset: 9,
      recovered: false,
      ref: '0',
    });
    await environment.advance(100);
    expect(states.map(({ value }) => value?.tick)).not.toContain(9);
    expect(states.at(-1)!.value).toEqual(battleAt(1));
  });

  test('of another kind than in the contract fails and applies nothing', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    server.declare({ ...battle, kind: 'events' } as never);
    const states = follow(setup);
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: undefined, error: { code: 'kind_mismatch' } });
    expect([...server.connections[0]!.subscriptions]).toEqual([]);
  });

  test('cannot be an event topic in the same client', async () => {
    const { client } = setUp();
    const codes: string[] = [];
    client.state(battle).subscribe();
    client.events({ ...battle, kind: 'events' } as never).subscribe({ error: ({ code }) => codes.push(code) });
    expect(codes).toEqual(['kind_mismatch']);
  });

  test('of state, read as events, fails with both kinds in the message', async () => {
    const { client } = setUp();
    const messages: string[] = [];
    client.events(battle as never).subscribe({ error: ({ message }) => messages.push(message) });
    expect(messages).toEqual([
      expect.stringContaining('kind "state", so it cannot be followed with kind "events" too'),
    ]);
  });
});

describe.each([
  ['the WebSocket', () => setUp()],
  ['polling', () => setUp({ environment: { openWebSocket: undefined } })],
] as const)('errors of a topic over %s', (_, make: () => Setup) => {
  test.each(['forbidden', 'unknown_topic', 'unauthorized'] as const)(
    '%s fails the observable and leaves the other topics alone',
    async (code) => {
      const { environment, server, client } = make();
      server.reject(battle, code);
      server.publish(other, battleAt(2));
      const log: unknown[] = [];
      client.state(battle).subscribe({ error: (error) => log.push(error.code) });
      client.state(other).subscribe(({ tick }) => log.push(tick));
      await environment.advance(200);
      expect(log).toEqual([code, 2]);
      expect(client.status.state).not.toBe('denied');
    },
  );

  test('a rejected topic is requested again by the next subscriber', async () => {
    const { environment, server, client } = make();
    server.reject(battle, 'forbidden');
    server.publish(battle, battleAt(1));
    const log: unknown[] = [];
    client.state(battle).subscribe({ error: (error) => log.push(error.code) });
    await environment.advance(200);
    server.reject(battle, undefined);
    client.state(battle).subscribe(({ tick }) => log.push(tick));
    await environment.advance(2_100);
    expect(log).toEqual(['forbidden', 1]);
  });

  test('a topic with a temporary error is requested again after retryAfter', async () => {
    const { environment, server, client } = make();
    server.publish(battle, battleAt(1));
    server.reject(battle, 'unavailable', { temporary: true, retryAfter: 5_000 });
    const states: TopicState<Battle>[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    await environment.advance(4_900);
    expect(states.at(-1)).toMatchObject({
      value: undefined,
      freshness: { state: 'stale' },
      error: { code: 'unavailable', temporary: true },
    });
    server.reject(battle, undefined);
    await environment.advance(4_000);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'live' }, error: undefined });
  });

  test('R25: a value stays visible and stale while its topic has a temporary error', async () => {
    const { environment, server, client } = make();
    server.publish(battle, battleAt(1));
    const states: TopicState<Battle>[] = [];
    const values: (number | string)[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    client.state(battle).subscribe({ next: ({ tick }) => values.push(tick), error: () => values.push('error') });
    await environment.advance(3_000);
    server.reject(battle, 'internal', { temporary: true });
    server.publish(battle, battleAt(2));
    server.restart();
    await environment.advance(10_000);
    expect(states.at(-1)).toMatchObject({
      freshness: { state: 'stale' },
      error: { code: 'internal', temporary: true, message: expect.any(String) },
    });
    expect(states.at(-1)?.value).toBeDefined();
    server.reject(battle, undefined);
    await environment.advance(60_000);
    expect(states.at(-1)).toMatchObject({ value: battleAt(2), freshness: { state: 'live' }, error: undefined });
    expect(values.at(-1)).toBe(2);
    expect(values).not.toContain('error');
  });

  test('R25: an event topic tells a temporary error once, and its events follow', async () => {
    const { environment, server, client } = make();
    server.declare(notices);
    server.reject(notices, 'unavailable', { temporary: true });
    const log: unknown[] = [];
    const onUnavailable = ({ code, temporary }: RealtimeClientError) => log.push([code, temporary]);
    client
      .events(notices, { onUnavailable })
      .subscribe({ next: (text) => log.push(text), error: () => log.push('end') });
    await environment.advance(20_000);
    expect(log).toEqual([['unavailable', true]]);
    server.reject(notices, undefined);
    await environment.advance(60_000);
    server.publish(notices, 'news');
    await environment.advance(5_000);
    expect(log).toEqual([['unavailable', true], 'news']);
  });
});

describe('a subscription that the server ends', () => {
  test.each(['forbidden', 'unauthorized'] as const)('%s withdraws the value', async (code) => {
    const setup = setUp();
    const { environment, server } = setup;
    server.publish(battle, battleAt(1));
    const states = follow(setup);
    await environment.advance(100);
    server.unsubscribe(battle, code);
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: undefined, error: { code } });
  });

  test('closed keeps the last value and reports the end', async () => {
    const setup = setUp();
    const { environment, server, client } = setup;
    server.publish(battle, battleAt(1));
    const states = follow(setup);
    const codes: string[] = [];
    client.state(battle).subscribe({ error: ({ code }) => codes.push(code) });
    await environment.advance(100);
    server.publish(battle, battleAt(2));
    server.unsubscribe(battle, 'closed');
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({
      value: battleAt(2),
      error: { code: 'closed' },
      freshness: { state: 'stale' },
    });
    expect(codes).toEqual(['closed']);
  });
});

describe('events', () => {
  test('arrive once and in order, from the subscription on', async () => {
    const { environment, server, client } = setUp();
    server.publish(notices, 'before');
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(100);
    server.publish(notices, 'one');
    server.publish(notices, 'two');
    await environment.advance(100);
    expect(events).toEqual(['one', 'two']);
  });

  test('since "oldest" begin with the kept history', async () => {
    const { environment, server, client } = setUp({}, { history: 3 });
    for (let i = 1; i <= 5; i++) server.publish(notices, `event ${i}`);
    const log: unknown[] = [];
    client
      .deliveries(notices, { since: 'oldest' })
      .subscribe((delivery) => log.push(delivery.type === 'event' ? delivery.data : 'lost'));
    await environment.advance(100);
    server.publish(notices, 'event 6');
    await environment.advance(100);
    expect(log).toEqual(['event 3', 'event 4', 'event 5', 'event 6']);
  });

  test('beyond the history are reported as lost', async () => {
    const { environment, server, client } = setUp({}, { history: 3 });
    const log: unknown[] = [];
    client.deliveries(notices).subscribe((delivery) => log.push(delivery.type === 'event' ? delivery.data : delivery));
    server.declare(notices);
    await environment.advance(100);
    server.publish(notices, 'event 1');
    await environment.advance(100);
    server.upgrades('hang');
    server.http('unreachable');
    server.cut();
    for (let i = 2; i <= 9; i++) server.publish(notices, `event ${i}`);
    await environment.advance(1_000);
    server.upgrades('pass');
    server.http('pass');
    await environment.advance(30_000);
    server.publish(notices, 'event 10');
    await environment.advance(100);
    expect(log).toEqual(['event 1', { type: 'lost', position: { epoch: expect.any(String), offset: 9 } }, 'event 10']);
  });

  test('of a new epoch follow a report of the loss', async () => {
    const { environment, server, client } = setUp();
    const log: unknown[] = [];
    client.deliveries(notices).subscribe((delivery) => log.push(delivery.type === 'event' ? delivery.data : 'lost'));
    server.declare(notices);
    await environment.advance(100);
    server.publish(notices, 'old');
    server.renew(notices);
    server.publish(notices, 'new');
    await environment.advance(100);
    expect(log).toEqual(['old', 'lost', 'new']);
  });

  test('of the past go only to the subscriber that requests them', async () => {
    const { environment, server, client } = setUp();
    server.publish(notices, 'event 1');
    const toasts: string[] = [];
    const list: string[] = [];
    client.events(notices).subscribe((event) => toasts.push(event));
    await environment.advance(100);
    server.publish(notices, 'event 2');
    await environment.advance(100);
    client.events(notices, { since: 'oldest' }).subscribe((event) => list.push(event));
    server.publish(notices, 'event 3');
    await environment.advance(100);
    server.publish(notices, 'event 4');
    await environment.advance(100);
    expect(list).toEqual(['event 1', 'event 2', 'event 3', 'event 4']);
    expect(toasts).toEqual(['event 2', 'event 3', 'event 4']);
  });

  test('are requested again after a missing one, and none is lost', async () => {
    const { environment, server, client } = setUp();
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    server.declare(notices);
    await environment.advance(100);
    const { publish } = server.connections[0]!;
    server.connections[0]!.publish = () => undefined;
    server.publish(notices, 'one');
    server.connections[0]!.publish = publish;
    server.publish(notices, 'two');
    await environment.advance(100);
    expect(events).toEqual(['one', 'two']);
    expect(client.metrics.holes).toBe(1);
  });

  test('of a rejected topic fail the observable', async () => {
    const { environment, server, client } = setUp();
    server.reject(notices, 'forbidden');
    const codes: string[] = [];
    client.events(notices).subscribe({ error: ({ code }) => codes.push(code) });
    await environment.advance(100);
    expect(codes).toEqual(['forbidden']);
  });
});

describe('a faulty server', () => {
  test('with replays that never fit causes delayed requests, not a loop', async () => {
    const { environment, server, client } = setUp();
    server.publish(battle, battleAt(1));
    server.topic(battle.name).catchUp = (since, ref) => [
      { type: 'subscribed', topic: battle.name, kind: 'state', epoch: 'e', offset: 9, recovered: false, ref: ref! },
      { type: 'patch', topic: battle.name, from: 7, offset: 9, delta: { '=tick': 9 } },
    ];
    client.state(battle).subscribe();
    await environment.advance(10_000);
    expect(client.metrics.holes).toBeLessThan(12);
    expect(client.status.state).toBe('live');
  });
});

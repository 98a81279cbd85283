import { eventTopic } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';

import type { RealtimeClientError, TopicState } from '../src/index.js';
import { battle, battleAt, notices, other, pause, setUp, type Battle, type Setup } from './support/bench.js';

const overPolling = { environment: { openWebSocket: undefined } };
const overHeldPolls = {
  environment: { openWebSocket: undefined, tryLock: () => Promise.resolve(() => undefined) },
  polling: { waitMs: 25_000 },
};

/** Longer than the interval of the polls. */
const A_POLL = 2_500;

function follow({ client }: Setup, topic = battle) {
  const states: TopicState<Battle>[] = [];
  client.topic(topic).subscribe((state) => states.push(state));
  return {
    get last() {
      return states.at(-1)!;
    },
    /** The freshness of each value since the last look, repetitions left out. */
    look: () =>
      states
        .splice(0, states.length - 1)
        .concat(states)
        .map(({ value, freshness }) => `${value?.tick} ${freshness.state}`)
        .filter((shown, index, all) => shown !== all[index - 1]),
  };
}

describe.each([
  ['WebSocket', {}, 'live'],
  ['polls', overPolling, 'polling'],
  ['held polls', overHeldPolls, 'polling'],
] as const)('R14: a server without its broker, over %s', (_, options, status) => {
  /** A client that follows a battle at tick 1. */
  async function followed() {
    const setup = setUp(options);
    setup.server.publish(battle, battleAt(1));
    const shown = follow(setup);
    await setup.environment.advance(10_000);
    expect(shown.look()).toContain('1 live');
    return { ...setup, shown };
  }

  test('makes values stale and keeps them; they are live again when it is back', async () => {
    const { client, environment, server, shown } = await followed();
    const since = environment.now();
    server.markStale();
    await environment.advance(A_POLL);
    expect(shown.last).toMatchObject({ value: battleAt(1), error: undefined });
    expect(shown.last.freshness).toEqual({ state: 'stale', staleSince: since });
    expect(client.status.state).toBe(status);
    server.markFresh();
    await environment.advance(A_POLL);
    expect(shown.look()).toEqual(['1 live', '1 stale', '1 live']);
    expect(client.status.state).toBe(status);
  });

  test('makes only its own topics stale', async () => {
    const setup = await followed();
    const { environment, server, shown } = setup;
    server.publish(other, battleAt(5));
    const second = follow(setup, other);
    await environment.advance(A_POLL);
    server.markStale(other);
    await environment.advance(A_POLL);
    expect([shown.last.freshness.state, second.last.freshness.state]).toEqual(['live', 'stale']);
    server.markStale();
    await environment.advance(A_POLL);
    expect([shown.last.freshness.state, second.last.freshness.state]).toEqual(['stale', 'stale']);
    server.markFresh(battle);
    await environment.advance(A_POLL);
    expect([shown.last.freshness.state, second.last.freshness.state]).toEqual(['live', 'stale']);
  });

  test('never shows a topic as live that is followed meanwhile', async () => {
    const setup = await followed();
    const { environment, server } = setup;
    server.publish(other, battleAt(5));
    server.markStale();
    const shown = follow(setup, other);
    await environment.advance(60_000);
    expect(shown.look()).toEqual(['undefined catching-up', '5 stale']);
    server.markFresh();
    await environment.advance(A_POLL);
    expect(shown.look().at(-1)).toBe('5 live');
  });

  test('may still send values, which are stale too', async () => {
    const { environment, server, shown } = await followed();
    server.markStale();
    await environment.advance(A_POLL);
    server.publish(battle, battleAt(2));
    await environment.advance(A_POLL);
    server.renew(battle);
    await environment.advance(A_POLL);
    server.publish(battle, battleAt(3));
    await environment.advance(A_POLL);
    expect(shown.look().slice(1)).toEqual(['1 stale', '2 stale', '3 stale']);
  });

  test('shows missed values before anything is live', async () => {
    const { environment, server, shown } = await followed();
    server.markStale();
    await environment.advance(A_POLL);
    server.publish(battle, battleAt(4));
    server.markFresh();
    await environment.advance(A_POLL);
    expect(shown.look().filter((text) => text.endsWith('live'))).toEqual(['1 live', '4 live']);
  });

  test('tells readers of events, once, and its events follow', async () => {
    const setup = await followed();
    const { client, environment, server } = setup;
    server.declare(notices);
    const log: unknown[] = [];
    const onUnavailable = ({ code, temporary }: RealtimeClientError) => log.push([code, temporary]);
    const read = () => client.events(notices, { onUnavailable }).subscribe({ next: (text) => log.push(text) });
    read();
    await environment.advance(A_POLL);
    server.publish(notices, 'before');
    await environment.advance(A_POLL);
    server.markStale();
    await environment.advance(20_000);
    expect(log).toEqual(['before', ['unavailable', true]]);
    read();
    expect(log).toHaveLength(3);
    server.publish(notices, 'missed');
    server.markFresh();
    await environment.advance(A_POLL);
    expect(log).toEqual(['before', ['unavailable', true], ['unavailable', true], 'missed', 'missed']);
    server.markStale();
    await environment.advance(A_POLL);
    expect(log).toHaveLength(7);
  });

  test('tells readers of an event topic that they follow meanwhile', async () => {
    const { client, environment, server } = await followed();
    const quiet = eventTopic<string>()('quiet').with();
    server.declare(quiet);
    server.markStale();
    const log: unknown[] = [];
    for (const since of ['oldest', undefined] as const) {
      client
        .events(quiet, { ...(since && { since }), onUnavailable: ({ code }) => log.push(code) })
        .subscribe((text) => log.push(text));
    }
    await environment.advance(A_POLL);
    expect(log).toEqual(['unavailable', 'unavailable']);
    server.publish(quiet, 'news');
    server.markFresh();
    await environment.advance(A_POLL);
    expect(log.slice(2)).toEqual(['news', 'news']);
  });

  test('still answers actions', async () => {
    const { client, environment, server } = await followed();
    server.handle(pause, () => ({ paused: true }));
    server.markStale();
    await environment.advance(A_POLL);
    const results: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(A_POLL);
    expect(results).toEqual([{ paused: true }]);
  });

  test('keeps a client stale that reconnects, until it reaches a server with its broker', async () => {
    const { environment, server, shown } = await followed();
    server.markStale();
    await environment.advance(A_POLL);
    server.cut();
    server.http('unreachable');
    await environment.advance(10);
    server.http('pass');
    await environment.advance(60_000);
    expect(shown.look()).toEqual(['1 live', '1 stale']);
    server.cut();
    server.http('unreachable');
    await environment.advance(A_POLL);
    server.markFresh();
    server.http('pass');
    await environment.advance(60_000);
    expect(shown.look().at(-1)).toBe('1 live');
  });
});

test('R14: a held poll does not delay the news that a server has its broker again', async () => {
  const setup = setUp(overHeldPolls);
  const { environment, server } = setup;
  server.publish(battle, battleAt(1));
  const shown = follow(setup);
  await environment.advance(10_000);
  server.markStale();
  await environment.until(() => shown.last.freshness.state === 'stale', 4_000);
  server.markFresh();
  await environment.until(() => shown.last.freshness.state === 'live', 4_000);
  expect(server.polls.at(-1)).not.toHaveProperty('wait');
  await environment.until(() => server.polls.at(-1)!.wait === 25, 4_000);
});

describe('R14: a change of the transport', () => {
  test('from a server without its broker to polls of another one, and back', async () => {
    const setup = setUp();
    const { client, environment, server } = setup;
    server.publish(battle, battleAt(1));
    const shown = follow(setup);
    await environment.advance(1_000);
    server.markStale();
    await environment.advance(100);
    server.upgrades('reject');
    server.cut();
    server.markFresh();
    await environment.until(() => client.status.state === 'polling', 20_000);
    await environment.until(() => shown.last.freshness.state === 'live', 5_000);
    server.markStale();
    await environment.until(() => shown.last.freshness.state === 'stale', 5_000);
    shown.look();
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live', 60_000);
    await environment.advance(5_000);
    expect(shown.look()).toEqual(['1 stale']);
    server.markFresh();
    await environment.advance(100);
    expect(shown.last.freshness.state).toBe('live');
  });

  test('a drained server that loses its broker says nothing about topics of the next connection', async () => {
    const setup = setUp();
    const { environment, server } = setup;
    server.publish(battle, battleAt(1));
    const shown = follow(setup);
    await environment.advance(1_000);
    const [first] = server.connections;
    server.send({ type: 'drain', reconnectWithin: 0 });
    await environment.until(() => server.connections.length === 2, 5_000);
    const [, second] = server.connections;
    await environment.until(() => second!.subscriptions.has(battle.name), 5_000);
    shown.look();
    first!.send({ type: 'stale', since: 1 });
    await environment.advance(1_000);
    expect(shown.look()).toEqual(['1 live']);
    second!.send({ type: 'stale', since: environment.now() });
    await environment.advance(100);
    expect(shown.last.freshness.state).toBe('stale');
    first!.send({ type: 'fresh' });
    await environment.advance(100);
    expect(shown.last.freshness.state).toBe('stale');
  });
});

import { describe, expect, test } from '@jest/globals';

import { createRealtimeClient, type RealtimeClientOptions, type TopicState } from '../src/index.js';
import { battle, battleAt, fight, notices, other, pause, setUp, type Battle, type Setup } from './support/bench.js';

const HOUR = 3_600_000;

const TRANSPORTS: Record<string, Partial<RealtimeClientOptions>> = {
  'with a WebSocket': {},
  'with polling': { environment: { openWebSocket: undefined } },
  'with held polls': { environment: { openWebSocket: undefined }, polling: { waitMs: 25_000 } },
};

/** The machine sleeps for an hour. The monotonic clock stands still meanwhile, as on Linux and macOS. */
function sleep({ environment }: Pick<Setup, 'environment'>): void {
  environment.setWallClock(environment.now() + HOUR);
}

/** A client that follows a quiet topic. */
async function followQuietTopic(options: Partial<RealtimeClientOptions> = {}) {
  const { environment, server, client } = setUp(options);
  server.publish(battle, battleAt(1));
  const states: TopicState<Battle>[] = [];
  client.topic(battle).subscribe((state) => states.push(state));
  await environment.advance(10_500);
  expect(states.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'live' } });
  return { environment, server, client, states, last: () => states.at(-1)! };
}

describe('R22: a machine that slept', () => {
  test.each(Object.entries(TRANSPORTS))('does not show its old value as live, %s', async (_, options) => {
    const bench = await followQuietTopic(options);
    const { environment, server, client, last } = bench;
    const before = environment.now();
    server.blackhole();
    server.upgrades('hang');
    server.http('hang');
    sleep(bench);
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'connecting', reason: { code: 'suspended' } });
    expect(last()).toMatchObject({ value: battleAt(1), freshness: { state: 'stale' } });
    const { staleSince } = last().freshness as { staleSince: number };
    expect(before - staleSince).toBeLessThanOrEqual(10_500);
    expect(before - staleSince).toBeGreaterThanOrEqual(0);
    await environment.advance(20_000);
    expect(last().freshness.state).toBe('stale');
  });

  test.each(Object.entries(TRANSPORTS))('shows the right value within two seconds, %s', async (_, options) => {
    const bench = await followQuietTopic(options);
    const { environment, server, client, last } = bench;
    server.blackhole();
    server.publish(battle, battleAt(2));
    sleep(bench);
    await environment.advance(1_900);
    expect(last()).toMatchObject({ value: battleAt(2), freshness: { state: 'live' } });
    expect(['live', 'polling']).toContain(client.status.state);
  });

  test('trusts no frame that its old connection still delivers', async () => {
    const bench = await followQuietTopic();
    const { environment, server, last, states } = bench;
    server.blackhole();
    server.publish(battle, battleAt(2));
    server.upgrades('hang');
    server.http('hang');
    sleep(bench);
    await environment.advance(1_000);
    const shown = states.length;
    expect(last().freshness.state).toBe('stale');
    server.restore();
    await environment.advance(1_000);
    // It delivers the answer of the server after the old frame.
    const live = states.slice(shown).filter(({ freshness }) => freshness.state === 'live');
    expect(live.map(({ value }) => value?.tick)).toEqual([2]);
  });

  test('resumes events from its position', async () => {
    const bench = setUp();
    const { environment, server, client } = bench;
    server.declare(notices);
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(100);
    server.publish(notices, 'one');
    await environment.advance(100);
    server.blackhole();
    server.publish(notices, 'two');
    sleep(bench);
    await environment.advance(2_000);
    expect(events).toEqual(['one', 'two']);
    server.publish(notices, 'three');
    await environment.advance(2_000);
    expect(events).toEqual(['one', 'two', 'three']);
  });

  test.each(Object.entries(TRANSPORTS))(
    'sends an unanswered action again, and it runs once, %s',
    async (_, options) => {
      const bench = await followQuietTopic(options);
      const { environment, server, client } = bench;
      server.handle(pause.name, () => ({ paused: true }));
      const results: unknown[] = [];
      server.blackhole();
      server.http('answer-lost');
      client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
      await environment.advance(100);
      server.http('pass');
      sleep(bench);
      await environment.advance(3_000);
      expect(results).toEqual([{ paused: true }]);
      expect(server.actions.run).toHaveLength(1);
    },
  );

  test('and woke up with an event of the page asks the server at once', async () => {
    const bench = await followQuietTopic();
    const { environment, server, last } = bench;
    server.blackhole();
    server.publish(battle, battleAt(2));
    sleep(bench);
    environment.wake('visible');
    expect(last().freshness.state).toBe('stale');
    await environment.advance(800);
    expect(last()).toMatchObject({ value: battleAt(2), freshness: { state: 'live' } });
  });

  test.each<[string, (bench: Setup) => void]>([
    ['a sleep', sleep],
    ['the event `online`', ({ environment }) => environment.wake('online')],
    [
      'a stay in the back/forward cache',
      ({ environment }) => {
        environment.hidePage();
        environment.showPage();
      },
    ],
  ])('polls no earlier than the server allows, also after %s', async (_, happen) => {
    let requests = 0;
    const bench = setUp({ environment: { openWebSocket: undefined } });
    const { environment, server } = bench;
    const error = { type: 'error', code: 'unavailable', message: 'full', temporary: true, retryAfter: 60_000 };
    const { fetch } = environment;
    const counting: typeof fetch = (url, init) => {
      if ((url as string).includes('/poll')) requests += 1;
      return fetch!(url, init);
    };
    const client = createRealtimeClient({
      origin: 'http://fake',
      environment: { ...environment, openWebSocket: undefined, fetch: counting },
    });
    server.http({ status: 503, body: JSON.stringify(error) });
    client.state(battle).subscribe();
    await environment.advance(5_000);
    expect(requests).toBe(1);
    happen(bench);
    await environment.advance(54_000);
    expect(requests).toBe(1);
    await environment.advance(20_000);
    expect(requests).toBe(2);
  });

  test('is not seen in a clock that is set back or corrected a little', async () => {
    const { environment, server, client, states } = setUp();
    client.state(battle).subscribe();
    await environment.advance(5_000);
    for (const change of [-HOUR, 1_500, -24 * HOUR]) {
      environment.setWallClock(environment.now() + change);
      await environment.advance(5_000);
    }
    expect(server.upgradeCount).toBe(1);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('late timers alone cause a probe and no reconnect, as in a hidden tab', async () => {
    const { environment, server, client } = setUp({}, { heartbeat: { interval: 0, timeout: 0 } });
    client.state(battle).subscribe();
    await environment.advance(5_000);
    const pings = () => server.connections[0]!.received.filter(({ type }) => type === 'ping').length;
    const before = pings();
    await environment.sleep(60_000);
    await environment.advance(500);
    expect(pings()).toBeGreaterThan(before);
    expect(server.upgradeCount).toBe(1);
    expect(client.status.state).toBe('live');
  });

  test('notices later that the connection is lost, although the timer of the next ping ran during its doubt', async () => {
    const { environment, server, client } = await followQuietTopic();
    await environment.sleep(100_000);
    await environment.advance(1_000);
    expect(client.status.state).toBe('live');
    expect(server.upgradeCount).toBe(1);
    server.blackhole();
    await environment.until(() => client.status.state !== 'live', 11_000);
    expect(client.status).toMatchObject({ reason: { code: 'silent' } });
  });

  test('and polls because the WebSocket is switched off still says why', async () => {
    const bench = await followQuietTopic();
    const { environment, server, client } = bench;
    server.switchWebSocket(false);
    await environment.advance(5_000);
    const { status } = client;
    expect(status).toMatchObject({ state: 'polling', reason: { code: 'close-4203' } });
    sleep(bench);
    await environment.advance(5_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'close-4203' } });
    server.http('unreachable');
    await environment.advance(5_000);
    server.http('pass');
    await environment.advance(30_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'close-4203' } });
  });

  test('and polls because the host has no WebSocket still says why', async () => {
    const bench = await followQuietTopic({ environment: { openWebSocket: undefined } });
    const { environment, client } = bench;
    sleep(bench);
    await environment.advance(5_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
    environment.hidePage();
    environment.showPage();
    await environment.advance(5_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
  });
});

describe('R22: a page in the back/forward cache', () => {
  test.each(Object.entries(TRANSPORTS))('holds no connection and no request, %s', async (_, options) => {
    const { environment, server, client, last } = await followQuietTopic(options);
    environment.hidePage();
    await environment.advance(20);
    expect(server.connections).toHaveLength(0);
    expect(client.status).toMatchObject({ state: 'connecting', reason: { code: 'suspended' } });
    expect(last()).toMatchObject({ value: battleAt(1), freshness: { state: 'stale' } });
    const [upgrades, polls] = [server.upgradeCount, server.polls.length];
    await environment.advance(HOUR);
    expect([server.upgradeCount, server.polls.length]).toEqual([upgrades, polls]);
    expect(environment.timers).toBe(0);
  });

  test.each(Object.entries(TRANSPORTS))('is live at once when it comes back, %s', async (_, options) => {
    const { environment, server, last } = await followQuietTopic(options);
    environment.hidePage();
    await environment.advance(45_000);
    server.publish(battle, battleAt(2));
    environment.showPage();
    await environment.advance(50);
    expect(last()).toMatchObject({ value: battleAt(2), freshness: { state: 'live' } });
  });

  test.each(['visible', 'online'] as const)('connects when the event `%s` shows that it runs', async (cause) => {
    const { environment, last } = await followQuietTopic();
    environment.hidePage();
    environment.wake(cause);
    await environment.advance(50);
    expect(last().freshness.state).toBe('live');
  });

  test('connects for a new subscription, if it goes on running', async () => {
    const { environment, client } = await followQuietTopic();
    environment.hidePage();
    client.topic(other).subscribe();
    await environment.advance(50);
    expect(client.status.state).toBe('live');
  });

  test('has one connection at a time over many visits', async () => {
    const { environment, server, last } = await followQuietTopic();
    let most = 0;
    for (let visit = 0; visit < 20; visit++) {
      environment.hidePage();
      environment.showPage();
      for (let step = 0; step < 5; step++) {
        await environment.advance(10);
        most = Math.max(most, server.connections.length);
      }
    }
    expect(most).toBe(1);
    await environment.advance(50);
    expect(server.connections).toHaveLength(1);
    expect(last().freshness.state).toBe('live');
  });

  test('delivers the events of its absence once', async () => {
    const { environment, server, client } = setUp();
    server.declare(notices);
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(100);
    server.publish(notices, 'one');
    await environment.advance(100);
    environment.hidePage();
    server.publish(notices, 'two');
    await environment.advance(1_000);
    environment.showPage();
    await environment.advance(100);
    expect(events).toEqual(['one', 'two']);
  });

  test.each(Object.entries(TRANSPORTS))('resends an unanswered action, which runs once, %s', async (_, options) => {
    const { environment, server, client } = await followQuietTopic(options);
    let finish: () => void = () => undefined;
    server.handle(pause.name, () => new Promise((resolve) => (finish = () => resolve({ paused: true }))));
    const results: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(100);
    environment.hidePage();
    await environment.advance(100);
    finish();
    environment.showPage();
    await environment.advance(1_500);
    expect(results).toEqual([{ paused: true }]);
    expect(server.actions.run).toHaveLength(1);
  });

  test('stays closed if the application closed the client', async () => {
    const { environment, server, client } = await followQuietTopic();
    environment.hidePage();
    client.close();
    environment.showPage();
    environment.wake('visible');
    await environment.advance(5_000);
    expect(server.upgradeCount).toBe(1);
    expect(environment.wakeListeners).toBe(0);
  });

  test('stays denied', async () => {
    const { environment, server, client } = setUp();
    server.verify = () => 'forbidden';
    client.state(battle).subscribe();
    await environment.advance(100);
    environment.hidePage();
    environment.showPage();
    await environment.advance(5_000);
    expect(client.status.state).toBe('denied');
    expect(server.upgradeCount).toBe(1);
  });

  test('with an unanswered change of the user drops the values of the old one', async () => {
    let token = 'of-ann';
    const { environment, server, last, client } = await followQuietTopic({ token: () => token });
    server.blackhole();
    token = 'of-bob';
    client.reauthenticate();
    await environment.advance(50);
    environment.hidePage();
    await environment.advance(50);
    server.upgrades('hang');
    server.http('hang');
    environment.showPage();
    await environment.advance(50);
    expect(last().value).toBeUndefined();
  });

  test('notices the battle that went on', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    client.state(battle).subscribe(({ tick }) => (seen = tick));
    await environment.advance(1_000);
    environment.hidePage();
    const before = seen;
    await environment.advance(10_000);
    expect(seen).toBe(before);
    environment.showPage();
    await environment.advance(100);
    game.stop();
    await environment.advance(100);
    expect(seen).toBe(game.tick());
  });
});

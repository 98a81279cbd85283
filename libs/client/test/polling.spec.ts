import { describe, expect, test } from '@jest/globals';
import type { FakeServerOptions } from '@statewire/testing';

import { createRealtimeClient, type RealtimeClientOptions } from '../src/index.js';
import { battle, battleAt, fight, notices, other, pause, setUp } from './support/bench.js';

const poller = (options: Partial<RealtimeClientOptions> = {}, server: FakeServerOptions = {}) =>
  setUp({ environment: { openWebSocket: undefined }, ...options }, server);

describe('polling', () => {
  test('sends a poll at least one interval after the start of the previous one', async () => {
    const { environment, server, client } = poller({ polling: { intervalMs: 1_000 } }, { pollInterval: 1_000 });
    client.state(battle).subscribe();
    await environment.advance(10_050);
    expect(server.polls).toHaveLength(11);
    client.state(other).subscribe();
    await environment.advance(1_000);
    expect(server.polls).toHaveLength(12);
  });

  test('pauses for an hour at most after a retryAfter of a month', async () => {
    const { environment, server, client } = poller();
    server.http({
      status: 503,
      body: { type: 'error', code: 'unavailable', message: 'later', temporary: true, retryAfter: 2_592_000_000 },
    });
    client.state(battle).subscribe();
    await environment.advance(10_000);
    expect(client.metrics.polls).toBe(1);
    await environment.advance(3_580_000);
    expect(client.metrics.polls).toBe(1);
    server.http('pass');
    await environment.advance(60_000);
    expect(client.status.state).toBe('polling');
  });

  test('requests a topic with a retryAfter of a month after an hour', async () => {
    const { environment, server, client } = setUp({}, { heartbeat: { interval: 0, timeout: 0 } });
    server.reject(battle, 'unavailable', { temporary: true, retryAfter: 2_592_000_000 });
    client.state(battle).subscribe();
    const subscribes = () => server.connections[0]!.received.filter(({ type }) => type === 'subscribe').length;
    await environment.advance(10_000);
    expect(subscribes()).toBe(1);
    await environment.advance(3_580_000);
    expect(subscribes()).toBe(1);
    await environment.advance(60_000);
    expect(subscribes()).toBe(2);
  });

  test("uses the interval of the server's config if it is longer", async () => {
    const { environment, server, client } = poller({ polling: { intervalMs: 1_000 } }, { pollInterval: 5_000 });
    client.state(battle).subscribe();
    await environment.advance(10_500);
    expect(server.polls).toHaveLength(3);
  });

  test('delivers news while a poll is held', async () => {
    const { environment, server, client } = poller({ polling: { waitMs: 20_000 } });
    server.publish(battle, battleAt(1));
    let tick = 0;
    client.state(battle).subscribe((value) => (tick = value.tick));
    await environment.advance(5_000);
    expect(server.polls.length).toBeLessThan(3);
    server.publish(battle, battleAt(2));
    await environment.advance(50);
    expect(tick).toBe(2);
    await environment.advance(60_000);
    expect(server.polls.length).toBeLessThan(8);
  });

  test('does not delay a new topic while a poll is held', async () => {
    const { environment, server, client } = poller({ polling: { waitMs: 20_000 } });
    server.publish(battle, battleAt(1));
    server.publish(other, battleAt(2));
    client.state(battle).subscribe();
    await environment.advance(5_000);
    let tick = 0;
    client.state(other).subscribe((value) => (tick = value.tick));
    await environment.advance(100);
    expect(tick).toBe(2);
  });

  test('is answered at once when it takes over, and is held afterwards', async () => {
    const { environment, server, client } = setUp({ polling: { waitMs: 20_000 } });
    server.publish(battle, battleAt(1));
    let freshness = '';
    client.topic(battle).subscribe((state) => (freshness = state.freshness.state));
    await environment.advance(1_000);
    server.upgrades('reject');
    server.cut();
    await environment.advance(1_000);
    expect([client.status.state, freshness]).toEqual(['polling', 'live']);
    await environment.advance(1_000);
    expect(server.polls.at(-1)!.wait).toBe(20);
  });

  test('sends every request past the service worker of Angular', async () => {
    const urls: string[] = [];
    const { environment, server } = setUp();
    const { fetch } = environment;
    const client = createRealtimeClient({
      origin: 'http://fake',
      environment: {
        ...environment,
        openWebSocket: undefined,
        fetch: (url, init) => {
          urls.push(url as string);
          return fetch!(url, init);
        },
      },
    });
    server.handle(pause.name, () => ({ paused: true }));
    client.act(pause, { battleId: '1' }).subscribe();
    await environment.advance(100);
    const paths = ['config', 'poll', 'actions'].map((path) => `http://fake/realtime/${path}?ngsw-bypass`);
    expect(new Set(urls)).toEqual(new Set(paths));
  });

  test('sends another poll at once after an answer with `more`', async () => {
    const { environment, server, client } = poller();
    server.publish(battle, battleAt(1));
    server.publish(other, battleAt(2));
    const { fetch } = server.network;
    let halves = 1;
    const halving = poller({
      environment: {
        ...environment,
        openWebSocket: undefined,
        fetch: async (input, init) => {
          const response = await fetch!(input, init);
          if (!(input as string).includes('/poll') || halves-- <= 0) return response;
          const { frames, ...rest } = JSON.parse(await response.text());
          const text = JSON.stringify({ ...rest, frames: frames.slice(0, 2), more: true });
          return { status: 200, headers: response.headers, text: () => Promise.resolve(text) } as Response;
        },
      },
    });
    client.close();
    const ticks: number[] = [];
    halving.client.state(battle).subscribe(({ tick }) => ticks.push(tick));
    halving.client.state(other).subscribe(({ tick }) => ticks.push(tick));
    await environment.advance(100);
    expect(ticks).toEqual([1, 2]);
  });

  test.each([502, 504, 500])(
    'R10: is offline with stale values after HTTP %i, until an answer arrives',
    async (status) => {
      const { environment, server, client } = poller();
      server.publish(battle, battleAt(1));
      const freshness: string[] = [];
      client.topic(battle).subscribe((state) => freshness.push(state.freshness.state));
      await environment.advance(500);
      expect(freshness.at(-1)).toBe('live');
      server.http({ status, body: '<html>' });
      await environment.advance(2_500);
      expect(client.status).toMatchObject({ state: 'offline', reason: { code: `http-${status}` } });
      expect(freshness.at(-1)).toBe('stale');
      server.http('pass');
      await environment.advance(10_000);
      expect(client.status.state).toBe('polling');
      expect(freshness.at(-1)).toBe('live');
    },
  );

  test('R10: applies nothing of a truncated answer', async () => {
    const { environment, server, client } = poller();
    server.publish(battle, battleAt(1));
    server.http({ status: 200, body: '{"frames":[{"type":"subscribed","topic":"batt' });
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(500);
    expect(values).toEqual([]);
    server.http('pass');
    await environment.advance(10_000);
    expect(values).toEqual([battleAt(1)]);
  });

  test('R10: aborts a poll without an answer and sends another', async () => {
    const { environment, server, client } = poller();
    server.http('hang');
    client.state(battle).subscribe();
    await environment.advance(9_000);
    expect(client.status.state).toBe('connecting');
    server.http('pass');
    await environment.advance(6_000);
    expect(client.status.state).toBe('polling');
  });

  test('delivers events once and in order', async () => {
    const { environment, server, client } = poller();
    server.declare(notices);
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(500);
    for (let i = 0; i < 50; i++) {
      server.publish(notices, `event ${i}`);
      await environment.advance(130);
    }
    await environment.advance(3_000);
    expect(events).toEqual(Array.from({ length: 50 }, (_, i) => `event ${i}`));
  });

  test('receives fewer bytes for patches than for the value', async () => {
    const { environment, server, client } = poller();
    const game = fight(environment, server);
    let seen = 0;
    client.state(battle).subscribe(({ tick }) => (seen = tick));
    await environment.advance(10_000);
    game.stop();
    await environment.advance(2_500);
    expect(seen).toBe(game.tick());
    expect(client.metrics.snapshots).toBe(1);
    expect(client.metrics.patches).toBeGreaterThan(90);
  });
});

describe('metrics of the client', () => {
  test('count frames, bytes, patches, polls and the size of full JSON instead', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    client.state(battle).subscribe();
    await environment.advance(10_000);
    game.stop();
    const { metrics } = client;
    expect(metrics).toMatchObject({ snapshots: 1, polls: 0, reconnects: 0, holes: 0, events: 0 });
    expect(metrics.patches).toBeGreaterThan(95);
    expect(metrics.framesReceived).toBeGreaterThan(metrics.patches + 2);
    expect(metrics.framesSent).toBeGreaterThanOrEqual(3);
    const full = JSON.stringify(battleAt(50)).length * (metrics.patches + 1);
    expect(metrics.fullStateBytes / full).toBeGreaterThan(0.9);
    expect(metrics.fullStateBytes / full).toBeLessThan(1.1);
  });

  test('emit at most every 250 ms, and only after changes', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    client.state(battle).subscribe();
    let emissions = 0;
    client.metrics$.subscribe(() => (emissions += 1));
    await environment.advance(10_000);
    expect(emissions).toBeLessThanOrEqual(41);
    expect(emissions).toBeGreaterThan(20);
    game.stop();
    await environment.advance(1_000);
    const before = emissions;
    await environment.advance(5_000);
    expect(emissions).toBe(before);
  });

  test('count a reconnect at the welcome of the new socket', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.cut();
    await environment.advance(2_000);
    expect(client.metrics.reconnects).toBe(1);
  });
});

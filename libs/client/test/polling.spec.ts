import { describe, expect, test } from '@jest/globals';
import type { FakeServerOptions } from '@statewire/testing';

import type { RealtimeClientOptions } from '../src/index.js';
import { battle, battleAt, fight, notices, other, setUp } from './support/bench.js';

const poller = (options: Partial<RealtimeClientOptions> = {}, server: FakeServerOptions = {}) =>
  setUp({ environment: { openWebSocket: undefined }, ...options }, server);

describe('polling', () => {
  test('a poll starts no sooner than the interval after the last one began', async () => {
    const { environment, server, client } = poller({ polling: { intervalMs: 1_000 } }, { pollInterval: 1_000 });
    client.state(battle).subscribe();
    await environment.advance(10_050);
    expect(server.polls).toHaveLength(11);
    client.state(other).subscribe();
    await environment.advance(1_000);
    expect(server.polls).toHaveLength(12);
  });

  test('a retryAfter of a month pauses the client for an hour', async () => {
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

  test('a topic with a retryAfter of a month is requested again after an hour', async () => {
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

  test('the server’s config may raise the interval', async () => {
    const { environment, server, client } = poller({ polling: { intervalMs: 1_000 } }, { pollInterval: 5_000 });
    client.state(battle).subscribe();
    await environment.advance(10_500);
    expect(server.polls).toHaveLength(3);
  });

  test('a held poll brings news as soon as there are any', async () => {
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

  test('a topic that is added while a poll is held is not kept waiting for it', async () => {
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

  test('more makes the next poll follow at once', async () => {
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
          if (!(input as string).endsWith('/poll') || halves-- <= 0) return response;
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
    'R10: HTTP %i is offline, and the value is stale until a poll is answered',
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

  test('R10: an answer that is cut off in the middle applies nothing', async () => {
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

  test('R10: a poll without an answer is aborted, and a new one is sent', async () => {
    const { environment, server, client } = poller();
    server.http('hang');
    client.state(battle).subscribe();
    await environment.advance(9_000);
    expect(client.status.state).toBe('connecting');
    server.http('pass');
    await environment.advance(6_000);
    expect(client.status.state).toBe('polling');
  });

  test('events by polling arrive once and in order', async () => {
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

  test('patches by polling cost less than the value', async () => {
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

describe('metrics', () => {
  test('they count frames, bytes, patches, polls and what full JSON would have cost', async () => {
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

  test('metrics$ emits at most every 250 ms, and only while something changes', async () => {
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
    await environment.advance(20_000);
    expect(emissions).toBe(before);
  });

  test('a reconnect is counted once the new socket is welcomed', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.cut();
    await environment.advance(2_000);
    expect(client.metrics.reconnects).toBe(1);
  });
});

import { describe, expect, test } from '@jest/globals';

import type { RealtimeClient } from '../src/index.js';
import { battle, battleAt, fight, notices, other, pause, setUp } from './support/bench.js';

const pings = (frames: readonly { type: string }[]) => frames.filter(({ type }) => type === 'ping').length;

describe('a silent live socket', () => {
  test('with updates at a steady rate causes polling within a second, and stays open', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    client.state(battle).subscribe(({ tick }) => (seen = tick));
    await environment.advance(2_000);
    server.blackhole();
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'silent' } });
    await environment.advance(3_000);
    expect(game.tick() - seen).toBeLessThan(21);
    expect(server.upgradeCount).toBe(1);
  });

  test.each([0, 1, 50, 99, 200, 290, 299])(
    'R7: is probed within a second even if another frame arrived %d ms after the last publication',
    async (after) => {
      const { environment, server, client } = setUp();
      const game = fight(environment, server);
      client.state(battle).subscribe();
      server.declare(notices);
      client.events(notices).subscribe();
      await environment.advance(2_000);
      game.stop();
      await environment.advance(after);
      server.publish(notices, 'the last word');
      await environment.advance(15);
      server.blackhole();
      await environment.advance(1_000);
      expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'silent' } });
    },
  );

  test('catches up every topic when it speaks again, and polling stops', async () => {
    const { environment, server, client, states } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    let steppedBack = false;
    client.state(battle).subscribe(({ tick }) => {
      steppedBack ||= tick <= seen;
      seen = tick;
    });
    await environment.advance(2_000);
    server.blackhole();
    await environment.advance(5_000);
    server.restore();
    await environment.advance(100);
    game.stop();
    await environment.advance(100);
    expect(seen).toBe(game.tick());
    expect(steppedBack).toBe(false);
    expect(states()).toEqual(['idle', 'connecting', 'live', 'connecting', 'polling', 'live']);
    const polls = server.polls.length;
    await environment.advance(5_000);
    expect(server.polls).toHaveLength(polls);
    expect(server.upgradeCount).toBe(1);
  });

  test('is noticed after a first answer that came later than the second ping was due', async () => {
    let latency = 10;
    const { environment, server, client } = setUp({}, { latency: () => latency });
    client.connect();
    await environment.advance(35);
    latency = 2_000;
    await environment.advance(5_000);
    expect(client.status.state).toBe('live');
    latency = 10;
    await environment.advance(60_000);
    server.blackhole();
    await environment.until(() => client.status.state !== 'live', 11_000);
    expect(client.status).toMatchObject({ reason: { code: 'silent' } });
  });

  test('is replaced by another one when its close arrives', async () => {
    const { environment, server, client } = setUp();
    fight(environment, server);
    client.state(battle).subscribe();
    await environment.advance(2_000);
    server.blackhole();
    await environment.advance(1_000);
    server.close(4200);
    await environment.advance(500);
    expect(server.upgradeCount).toBe(1);
    server.restore();
    await environment.advance(10);
    expect(client.status).toMatchObject({ reason: { code: 'close-4200' } });
    await environment.advance(3_000);
    expect(server.upgradeCount).toBe(2);
    expect(client.status.state).toBe('live');
  });

  test('makes values stale from its last frame until polling confirms them', async () => {
    const { environment, server, client } = setUp();
    fight(environment, server);
    const freshness: unknown[] = [];
    client.topic(battle).subscribe((state) => freshness.push(state.freshness));
    await environment.advance(2_000);
    const before = environment.now();
    server.blackhole();
    server.http('hang');
    await environment.advance(1_000);
    expect(freshness.at(-1)).toEqual({ state: 'stale', staleSince: expect.any(Number) });
    const { staleSince } = freshness.at(-1) as { staleSince: number };
    expect(Math.abs(staleSince - before)).toBeLessThan(110);
    server.http('pass');
    await environment.advance(12_000);
    expect(freshness.at(-1)).toEqual({ state: 'live' });
  });

  test('after the end of a battle costs one ping and no change of the status', async () => {
    const { environment, server, client, states } = setUp();
    const game = fight(environment, server);
    client.state(battle).subscribe();
    await environment.advance(2_000);
    const before = pings(server.connections[0]!.received);
    game.stop();
    await environment.advance(9_000);
    expect(pings(server.connections[0]!.received)).toBe(before + 1);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('needs no ping if frames of another topic arrive', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    client.state(battle).subscribe();
    client.state(other).subscribe();
    await environment.advance(2_000);
    const before = pings(server.connections[0]!.received);
    game.stop();
    for (let tick = 1; tick <= 50; tick++) {
      server.publish(other, battleAt(tick));
      await environment.advance(100);
    }
    expect(pings(server.connections[0]!.received)).toBe(before);
  });

  test('with an action unanswered for 500 ms gets a ping', async () => {
    const { environment, server, client } = setUp();
    server.handle(pause.name, () => ({ paused: true }));
    client.state(battle).subscribe();
    await environment.advance(5_000);
    server.blackhole();
    const results: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(500 + 300 + 250 + 50);
    expect(client.status.state).toBe('polling');
    await environment.advance(100);
    expect(results).toEqual([{ paused: true }]);
    expect(server.actions.run).toHaveLength(1);
    expect(server.actions.run[0]!.transport).toBe('polling');
  });

  const asks: Record<string, (client: RealtimeClient) => void> = {
    'an action': (client) => void client.act(pause, { battleId: '1' }).subscribe(),
    'a topic': (client) => void client.state(other).subscribe(),
    'new credentials': (client) => client.reauthenticate(),
  };

  test.each(Object.entries(asks))(
    'R7: is probed while %s has no answer, even if another frame arrived',
    async (_, ask) => {
      const { environment, server, client } = setUp({ token: () => 'token' }, { latency: 200 });
      server.handle(pause.name, () => ({ paused: true }));
      server.publish(battle, battleAt(1));
      client.state(battle).subscribe();
      await environment.advance(5_000);
      server.publish(battle, battleAt(2));
      ask(client);
      await environment.advance(250);
      server.blackhole();
      await environment.advance(2_000);
      expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'silent' } });
    },
  );

  test('with a slow action gets few pings, each after twice the silence', async () => {
    const { environment, server, client, states } = setUp();
    let finish: (result: { paused: true }) => void = () => undefined;
    server.handle(pause.name, () => new Promise((resolve) => (finish = resolve)));
    client.connect();
    await environment.advance(5_000);
    const before = pings(server.connections[0]!.received);
    const results: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(10_000);
    expect(pings(server.connections[0]!.received)).toBe(before + 4);
    finish({ paused: true });
    await environment.advance(2_000);
    expect(results).toEqual([{ paused: true }]);
    expect(pings(server.connections[0]!.received)).toBe(before + 4);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('R7: with an idle subscription is replaced within interval + timeout', async () => {
    const { environment, server, client } = setUp({}, { heartbeat: { interval: 5_000, timeout: 2_000 } });
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    await environment.advance(2_000);
    server.blackhole();
    await environment.advance(5_000);
    expect(client.status.state).toBe('polling');
    await environment.until(() => server.upgradeCount === 2, 2_500);
    await environment.advance(1_000);
    expect(client.status.state).toBe('live');
  });

  test('with a quiet but working network stays one connection for an hour', async () => {
    const { environment, server, client, states } = setUp();
    client.state(battle).subscribe();
    await environment.advance(3_600_000);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    expect(server.upgradeCount).toBe(1);
    expect(pings(server.connections[0]!.received)).toBeGreaterThan(100);
  });

  test('answers a ping of the server with its time', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.send({ type: 'ping', time: 42 });
    await environment.advance(100);
    expect(server.connections[0]!.received).toContainEqual({ type: 'pong', time: 42 });
  });

  test('with a steady delay of 600 ms is not probed', async () => {
    const { environment, server, client } = setUp({}, { latency: 300 });
    fight(environment, server);
    client.state(battle).subscribe();
    client.state(other).subscribe();
    await environment.until(() => client.status.state === 'live', 10_000);
    await environment.advance(2_000);
    const polls = server.polls.length;
    await environment.advance(120_000);
    expect(server.polls).toHaveLength(polls);
    expect(client.status.state).toBe('live');
  });

  test.each(['online', 'visible'] as const)('gets a ping at once after the event `%s`', async (cause) => {
    const { environment, server, client } = setUp();
    client.state(battle).subscribe();
    await environment.advance(5_000);
    server.blackhole();
    environment.wake(cause);
    await environment.advance(300 + 250 + 50);
    expect(client.status.state).toBe('polling');
  });

  test('ends a left topic when it speaks again', async () => {
    const { environment, server, client } = setUp();
    fight(environment, server);
    const subscription = client.state(battle).subscribe();
    await environment.advance(2_000);
    const [connection] = server.connections;
    server.blackhole();
    await environment.advance(1_500);
    subscription.unsubscribe();
    await environment.advance(1_500);
    server.restore();
    await environment.advance(200);
    expect([...connection!.subscriptions]).toEqual([]);
  });

  test('delivers the events of its silence once', async () => {
    const { environment, server, client } = setUp();
    server.declare(notices);
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(100);
    const publish = async (from: number, to: number) => {
      for (let i = from; i <= to; i++) {
        server.publish(notices, `event ${i}`);
        await environment.advance(100);
      }
    };
    await publish(1, 20);
    server.blackhole();
    await publish(21, 60);
    server.restore();
    await publish(61, 80);
    expect(events).toEqual(Array.from({ length: 80 }, (_, i) => `event ${i + 1}`));
  });
});

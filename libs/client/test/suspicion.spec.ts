import { describe, expect, test } from '@jest/globals';

import type { RealtimeClient } from '../src/index.js';
import { battle, battleAt, fight, notices, other, pause, setUp } from './support/bench.js';

const pings = (frames: readonly { type: string }[]) => frames.filter(({ type }) => type === 'ping').length;

describe('a live socket that goes silent', () => {
  test('under a moving battle it shows polling within a second while the socket stays open', async () => {
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
    'R7: is suspected within a second even if another frame arrived %d ms after the last publication',
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

  test('when it speaks again every topic catches up over it and polling stops', async () => {
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

  test('values are stale from the moment of the last frame until polling vouches for them', async () => {
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

  test('a battle that simply ends costs one ping and shows nothing', async () => {
    const { environment, server, client, states } = setUp();
    const game = fight(environment, server);
    client.state(battle).subscribe();
    await environment.advance(2_000);
    const before = pings(server.connections[0]!.received);
    game.stop();
    await environment.advance(20_000);
    expect(pings(server.connections[0]!.received)).toBe(before + 1);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('the end of a battle needs no ping while frames of another battle arrive', async () => {
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

  test('an action without an answer for 500 ms makes the client ask whether the socket lives', async () => {
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
    'R7: is suspected while %s has no answer, even if another frame arrived',
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

  test('a slow action needs few pings, each after twice the silence', async () => {
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
    await environment.advance(20_000);
    expect(results).toEqual([{ paused: true }]);
    expect(pings(server.connections[0]!.received)).toBe(before + 4);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('R7: an idle subscription notices within interval + timeout and opens a new socket', async () => {
    const { environment, server, client } = setUp({}, { heartbeat: { interval: 5_000, timeout: 2_000 } });
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    await environment.advance(1_000);
    server.blackhole();
    await environment.advance(5_000);
    expect(client.status.state).toBe('polling');
    await environment.until(() => server.upgradeCount === 2, 2_500);
    await environment.advance(1_000);
    expect(client.status.state).toBe('live');
  });

  test('a quiet but healthy connection stays one connection for an hour', async () => {
    const { environment, server, client, states } = setUp();
    client.state(battle).subscribe();
    await environment.advance(3_600_000);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    expect(server.upgradeCount).toBe(1);
    expect(pings(server.connections[0]!.received)).toBeGreaterThan(100);
  });

  test('a ping of the server is answered with its time', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.send({ type: 'ping', time: 42 });
    await environment.advance(100);
    expect(server.connections[0]!.received).toContainEqual({ type: 'pong', time: 42 });
  });

  test('a slow but steady network of 600 ms is not suspected', async () => {
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

  test.each(['online', 'visible'] as const)('%s makes the client ask at once', async (cause) => {
    const { environment, server, client } = setUp();
    client.state(battle).subscribe();
    await environment.advance(5_000);
    server.blackhole();
    environment.wake(cause);
    await environment.advance(300 + 250 + 50);
    expect(client.status.state).toBe('polling');
  });

  test('a topic that was left while the socket was silent is given back when it speaks again', async () => {
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

  test('events that came while the socket was silent are delivered once', async () => {
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

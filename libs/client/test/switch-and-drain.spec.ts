import { describe, expect, test } from '@jest/globals';

import { battle, fight, notices, pause, setUp } from './support/bench.js';

describe('the server’s WebSocket switch', () => {
  test('4203 starts polling at once, and the socket returns when a poll allows it', async () => {
    const { environment, server, client, states } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    let steppedBack = false;
    client.state(battle).subscribe(({ tick }) => {
      steppedBack ||= tick <= seen;
      seen = tick;
    });
    await environment.advance(1_000);
    server.switchWebSocket(false);
    await environment.advance(400);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'close-4203' } });
    expect(client.status).not.toHaveProperty('nextRetryAt');
    await environment.advance(60_000);
    expect(server.upgradeCount).toBe(1);
    server.switchWebSocket(true);
    await environment.advance(3_200);
    expect(states()).toEqual(['idle', 'connecting', 'live', 'connecting', 'polling', 'live']);
    game.stop();
    await environment.advance(100);
    expect(seen).toBe(game.tick());
    expect(steppedBack).toBe(false);
  });

  test('a client that starts while the switch is off stops trying after the first poll', async () => {
    const { environment, server, client } = setUp();
    server.isWebSocketOn = false;
    client.state(battle).subscribe();
    await environment.advance(2_000);
    const upgrades = server.upgradeCount;
    await environment.advance(120_000);
    expect(server.upgradeCount).toBe(upgrades);
    expect(client.status.state).toBe('polling');
    server.isWebSocketOn = true;
    await environment.advance(3_200);
    expect(client.status.state).toBe('live');
  });

  test('webSocket.enabled is called before each attempt', async () => {
    let enabled = false;
    const { environment, server, client } = setUp({ webSocket: { enabled: () => enabled } });
    client.state(battle).subscribe();
    await environment.advance(10_000);
    expect(client.status.state).toBe('polling');
    expect(server.upgradeCount).toBe(0);
    enabled = true;
    await environment.until(() => client.status.state === 'live', 45_000);
  });
});

describe('drain', () => {
  test('the new socket opens at a random time of the window and takes over, then the old one closes', async () => {
    const { environment, server, client, states } = setUp();
    const game = fight(environment, server);
    server.declare(notices);
    const ticks: number[] = [];
    const events: string[] = [];
    client.state(battle).subscribe(({ tick }) => ticks.push(tick));
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(1_000);
    const [old] = server.connections;
    server.send({ type: 'drain', reconnectWithin: 10_000 });
    for (let i = 0; i < 110; i++) {
      server.publish(notices, `event ${i}`);
      await environment.advance(100);
      expect(client.status.state).toBe('live');
    }
    expect(server.upgradeCount).toBe(2);
    expect(old!.isOpen).toBe(false);
    expect(server.polls).toHaveLength(0);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    game.stop();
    await environment.advance(100);
    expect(ticks).toEqual(Array.from({ length: game.tick() }, (_, i) => i + 1));
    expect(events).toEqual(Array.from({ length: 110 }, (_, i) => `event ${i}`));
  });

  test('a thousand clients spread over the window', async () => {
    const moments: number[] = [];
    for (let seed = 0; seed < 100; seed++) {
      const { environment, server, client } = setUp({}, { seed });
      client.connect();
      await environment.advance(100);
      const before = environment.monotonic();
      server.send({ type: 'drain', reconnectWithin: 10_000 });
      await environment.until(() => server.upgradeCount === 2, 11_000);
      moments.push(environment.monotonic() - before);
      client.close();
    }
    const early = moments.filter((moment) => moment < 5_000).length;
    expect(early).toBeGreaterThan(30);
    expect(early).toBeLessThan(70);
  });

  test('R11: a client with an unanswered action and a silent socket still opens the next one', async () => {
    const { environment, server, client } = setUp({ environment: { random: () => 0.5 } });
    server.handle(pause.name, () => ({ paused: true }));
    client.connect();
    await environment.advance(100);
    server.send({ type: 'drain', reconnectWithin: 3_000 });
    await environment.advance(20);
    server.blackhole();
    client.act(pause, { battleId: '1' }).subscribe();
    await environment.advance(1_400);
    expect(client.status).toMatchObject({ reason: { code: 'silent' } });
    expect(server.upgradeCount).toBe(1);
    await environment.advance(200);
    expect(server.upgradeCount).toBe(2);
  });

  test('without an answer of the new node the old socket continues', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    client.state(battle).subscribe(({ tick }) => (seen = tick));
    await environment.advance(1_000);
    server.upgrades('reject');
    server.send({ type: 'drain', reconnectWithin: 1_000 });
    await environment.advance(5_000);
    expect(client.status.state).toBe('live');
    expect(game.tick() - seen).toBeLessThan(3);
    expect(server.polls).toHaveLength(0);
    server.close(1012);
    await environment.advance(1_000);
    expect(client.status.state).toBe('polling');
  });

  test('an action rejected by the draining node is sent to the next one', async () => {
    const { environment, server, client } = setUp();
    server.handle(pause.name, () => ({ paused: true }));
    client.connect();
    await environment.advance(100);
    const [old] = server.connections;
    server.send({ type: 'drain', reconnectWithin: 1_000 });
    const receive = server.act.bind(server);
    let rejected = 0;
    server.act = (connection, frame) => {
      if (connection !== old) return receive(connection, frame);
      rejected += 1;
      connection.send({ type: 'error', id: frame.id, code: 'unavailable', message: 'going away', temporary: true });
    };
    await environment.advance(20);
    const results: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(1_200);
    expect(rejected).toBeGreaterThan(0);
    expect(results).toEqual([{ paused: true }]);
  });

  test('a topic requested during the handover continues', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.send({ type: 'drain', reconnectWithin: 100 });
    const game = fight(environment, server);
    let seen = 0;
    for (let i = 0; i < 20; i++) {
      if (i === 10) client.state(battle).subscribe(({ tick }) => (seen = tick));
      await environment.advance(10);
    }
    await environment.advance(2_000);
    game.stop();
    await environment.advance(100);
    expect(seen).toBe(game.tick());
    expect(server.connections).toHaveLength(1);
  });
});

import { describe, expect, test } from '@jest/globals';

import { battle, battleAt, fight, notices, pause, setUp, type Setup } from './support/bench.js';

const faults: [string, (setup: Setup) => void, (setup: Setup) => void][] = [
  ['rejected with a status', ({ server }) => server.upgrades('reject'), ({ server }) => server.upgrades('pass')],
  [
    'without an answer to the upgrade',
    ({ server }) => server.upgrades('hang'),
    ({ server }) => server.upgrades('pass'),
  ],
  ['open but silent', ({ server }) => (server.answersHello = false), ({ server }) => (server.answersHello = true)],
  [
    'blocked by a constructor that throws',
    ({ server }) => server.upgrades('throw'),
    ({ server }) => server.upgrades('pass'),
  ],
];

/** What proxies, gateways and captive portals answer instead of the server: a status and a body. */
const FOREIGN_ANSWERS = [
  ...[200, 302, 401, 403, 404, 407, 500].map((status) => [status, '<html>'] as const),
  ...[200, 401, 403].map((status) => [status, '{"message":"Unauthorized","statusCode":401}'] as const),
  ...['{}', '[]', 'null', '{"status":"ok","frames":[]}'].map((body) => [200, body] as const),
  ...[204, 308, 511].map((status) => [status, ''] as const),
  [401, ''],
] as const;

describe('R9: without a WebSocket', () => {
  test.each(faults)(
    '%s: polling shows the state within a second, and the socket returns later',
    async (_, fail, restore) => {
      const setup = setUp();
      const { environment, server, client, states } = setup;
      const game = fight(environment, server);
      fail(setup);
      let seen = 0;
      client.state(battle).subscribe(({ tick }) => (seen = tick));
      await environment.advance(1_000);
      expect(seen).toBeGreaterThan(0);
      expect(client.status).toMatchObject({ state: 'polling', transport: 'polling' });
      restore(setup);
      await environment.until(() => client.status.state === 'live', 45_000);
      game.stop();
      await environment.advance(200);
      expect(seen).toBe(game.tick());
      expect(states()).toEqual(['idle', 'connecting', 'polling', 'live']);
      const polls = server.polls.length;
      await environment.advance(10_000);
      expect(server.polls).toHaveLength(polls);
    },
  );

  test('a host without WebSocket polls at once with a reason', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    server.publish(battle, battleAt(3));
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(60);
    expect(values).toEqual([battleAt(3)]);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
  });

  test('a host without WebSocket is offline with a reason if the client may not poll', async () => {
    const { environment, server, client } = setUp({
      environment: { openWebSocket: undefined },
      polling: { enabled: false },
    });
    client.state(battle).subscribe();
    await environment.advance(60_000);
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: 'no-websocket' } });
    expect(server.polls).toHaveLength(0);
  });

  test('an exception in the WebSocket constructor starts polling at once', async () => {
    const { environment, server, client } = setUp();
    server.upgrades('throw');
    client.state(battle).subscribe();
    await environment.advance(300);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
  });

  test('webSocket.enabled: false polls and never opens a socket', async () => {
    const { environment, server, client } = setUp({ webSocket: { enabled: false } });
    client.state(battle).subscribe();
    await environment.advance(120_000);
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'switched-off' } });
    expect(server.upgradeCount).toBe(0);
  });

  test('polling bridges a reset of a live socket within a second, without a gap or a repeat of events', async () => {
    const { environment, server, client } = setUp();
    server.declare(notices);
    const events: string[] = [];
    client.events(notices).subscribe((event) => events.push(event));
    await environment.advance(100);
    for (let i = 1; i <= 60; i++) {
      server.publish(notices, `event ${i}`);
      if (i === 20) server.cut();
      if (i === 20) server.upgrades('reject');
      if (i === 45) server.upgrades('pass');
      await environment.advance(100);
      if (i === 29) expect(client.status.state).toBe('polling');
    }
    await environment.until(() => client.status.state === 'live', 30_000);
    await environment.advance(100);
    expect(events).toEqual(Array.from({ length: 60 }, (_, i) => `event ${i + 1}`));
  });

  test('polling keeps values moving while each socket closes a second after welcome', async () => {
    const { environment, server, client } = setUp();
    const game = fight(environment, server);
    let seen = 0;
    let steppedBack = false;
    client.state(battle).subscribe(({ tick }) => {
      steppedBack ||= tick <= seen;
      seen = tick;
    });
    for (let i = 0; i < 10; i++) {
      await environment.advance(1_000);
      server.close(1006);
      expect(game.tick() - seen).toBeLessThan(32);
    }
    await environment.advance(30_000);
    game.stop();
    await environment.advance(3_000);
    expect(seen).toBe(game.tick());
    expect(steppedBack).toBe(false);
  });

  test.each([4100, 4101, 4102])('a close with %i starts no polling and waits at least 3 s', async (code) => {
    const { environment, server, client } = setUp();
    client.state(battle).subscribe();
    await environment.advance(100);
    server.close(code);
    await environment.advance(2_900);
    expect(server.polls).toHaveLength(0);
    expect(server.upgradeCount).toBe(1);
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: `close-${code}` } });
    await environment.advance(3_500);
    expect(client.status.state).toBe('live');
  });

  test.each([429, 503])('HTTP %i delays both transports', async (status) => {
    const { environment, server, client } = setUp();
    server.upgrades('reject');
    const retryAfter = 20_000;
    server.http({
      status,
      body: { type: 'error', code: 'unavailable', message: 'draining', temporary: true, retryAfter },
    });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: 'unavailable' } });
    await environment.advance(2_000);
    const upgrades = server.upgradeCount;
    await environment.advance(17_000);
    expect(server.upgradeCount).toBe(upgrades);
    server.http('pass');
    server.upgrades('pass');
    await environment.advance(15_000);
    expect(client.status.state).toBe('live');
  });

  test('a 403 of the HTTP binding has the reason of a rejected upgrade', async () => {
    const { environment, server, client } = setUp();
    server.upgrades('reject');
    server.verify = () => 'forbidden';
    client.state(battle).subscribe();
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'denied', reason: { code: 'forbidden' } });
  });

  test.each(FOREIGN_ANSWERS)('the answer %s %s of a proxy denies no client, which comes back', async (status, body) => {
    const reasons: string[] = [];
    const { environment, server, client } = setUp({ token: (reason) => (reasons.push(reason), 'token') });
    server.publish(battle, battleAt(1));
    server.handle(pause, () => ({ paused: true }));
    server.http({ status, body });
    server.upgrades('reject');
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    let result: unknown;
    client.act(pause, { battleId: '1' }).subscribe((value) => (result = value));
    await environment.advance(60_000);
    expect(client.status.state).toBe('offline');
    // A token that no server has seen is not expired.
    expect(reasons).not.toContain('expired');
    server.http('pass');
    await environment.until(() => client.status.state === 'polling', 45_000);
    expect(values).toEqual([battleAt(1)]);
    await environment.until(() => result !== undefined, 45_000);
    expect(result).toEqual({ paused: true });
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live', 45_000);
  });

  test.each(FOREIGN_ANSWERS)('the status says that a proxy answered %s %s', async (status, body) => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    server.http({ status, body });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    const reason = { code: `http-${status}`, message: `something before the server answered ${status}` };
    expect(client.status).toMatchObject({ state: 'offline', reason });
  });

  test('without any transport the client is offline, reports the next attempt and keeps trying', async () => {
    const { environment, server, client } = setUp();
    server.upgrades('reject');
    server.http('unreachable');
    client.state(battle).subscribe();
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'offline', attempt: expect.any(Number) });
    await environment.advance(10 * 60_000);
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: expect.any(String) } });
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live', 61_000);
  });

  test('without polling the client still gets the reason of a rejected upgrade over HTTP', async () => {
    const { environment, server, client } = setUp({ polling: { enabled: false } });
    server.upgrades('reject');
    server.verify = () => 'forbidden';
    client.state(battle).subscribe();
    await environment.advance(100);
    expect(client.status).toMatchObject({ state: 'denied', reason: { code: 'forbidden' } });
  });
});

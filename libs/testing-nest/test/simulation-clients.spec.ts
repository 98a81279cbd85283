import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UnauthorizedException } from '@nestjs/common';
import type { RealtimeModuleOptions } from '@statewire/nest';
import type { Simulation, SimulationOptions } from '../src/index.js';
import { Battles, HEARTBEAT, first, log, purse, simulateBattles, strike } from './support/battle-application.js';

let simulation: Simulation;
let battles: Battles;

async function start(options?: RealtimeModuleOptions, more?: SimulationOptions): Promise<void> {
  simulation = await simulateBattles(battles, options, more);
}

beforeEach(() => {
  battles = new Battles();
});

afterEach(async () => {
  await simulation.close();
});

describe('network faults', () => {
  beforeEach(() => start());

  test('cut() closes both sides, and the client reconnects', async () => {
    const client = simulation.connect();
    const page = client.watch(first);
    await client.live();
    const [before] = simulation.server.connections.list();
    client.network.cut();
    expect(simulation.server.openConnections).toBe(1);
    await simulation.clock.advance(0);
    expect(simulation.server.openConnections).toBe(0);
    expect(page.state?.freshness.state).toBe('stale');
    await page.live(10_000);
    const [after] = simulation.server.connections.list();
    expect(after?.id).not.toBe(before?.id);
  });

  test('R7: blackhole() makes both sides close after interval + timeout', async () => {
    const client = simulation.connect({ polling: { enabled: false } });
    await client.watch(first).live();
    await client.live();
    client.network.blackhole();
    await simulation.clock.advance(HEARTBEAT.intervalMs + HEARTBEAT.timeoutMs + 500);
    expect(simulation.server.openConnections).toBe(0);
    expect(client.status.state).not.toBe('live');
    client.network.restore();
    await client.live(45_000);
  });

  test('freeze() delays frames and keeps the connection', async () => {
    const client = simulation.connect();
    const page = client.watch(first);
    await client.live();
    const [before] = simulation.server.connections.list();
    client.network.freeze(500);
    await simulation.server.bus.publish(first, { round: 9 });
    await simulation.clock.advance(400);
    expect(page.value).toEqual({ round: 1 });
    await simulation.clock.advance(200);
    expect(page.value).toEqual({ round: 9 });
    expect(simulation.server.connections.list()[0]?.id).toBe(before?.id);
  });

  test('cutAfter() drops a frame in its middle, and its value arrives after the reconnect', async () => {
    const client = simulation.connect();
    const page = client.watch(first);
    await client.live();
    client.network.cutAfter(20);
    await simulation.server.bus.publish(first, { round: 5 });
    await simulation.clock.advance(15);
    expect(page.value).toEqual({ round: 1 });
    expect(client.status.state).not.toBe('live');
    await page.shows(({ round }) => round === 5);
  });

  test("halfOpen() closes the client's side only, and the server closes its side by heartbeat", async () => {
    const client = simulation.connect();
    await client.watch(first).live();
    await client.live();
    client.network.halfOpen('client');
    await client.live(10_000);
    expect(simulation.server.openConnections).toBe(2);
    await simulation.until(() => simulation.server.openConnections === 1, 'the dead connection to be noticed', 5_000);
  });

  test("the server closes a connection whose head never arrives, as Node's headersTimeout does", async () => {
    const client = simulation.connect();
    client.network.bandwidth(100);
    client.watch(first);
    await simulation.clock.advance(100);
    expect(simulation.server.openSockets).toBe(1);
    client.network.halfOpen('client');
    client.close();
    await simulation.clock.advance(8_000);
    expect(simulation.server.openSockets).toBe(1);
    await simulation.clock.advance(2_000);
    expect(simulation.server.openSockets).toBe(0);
  });

  test('slice() delivers the same bytes in pieces', async () => {
    const client = simulation.connect();
    client.network.slice(1);
    const page = client.watch(first);
    await client.live();
    expect(page.value).toEqual({ round: 1 });
    expect(await client.act(strike, { by: 1 })).toBe(2);
  });

  test('bandwidth() delays frames by their length', async () => {
    const client = simulation.connect();
    await client.watch(first).live();
    client.network.bandwidth(100);
    const began = simulation.clock.monotonic();
    await client.act(strike, { by: 1 });
    expect(simulation.clock.monotonic() - began).toBeGreaterThan(1_000);
  });

  test('duplicate() repeats a request, and its action runs once', async () => {
    const client = simulation.connect({ webSocket: { enabled: false } });
    await client.polling();
    client.network.duplicate(2);
    expect(await client.act(strike, { by: 1 })).toBe(2);
    await simulation.clock.advance(5_000);
    expect(battles.strikes).toBe(1);
  });

  test('duplicate() may deliver the copy after the client has confirmed the answer, and its action runs once', async () => {
    const client = simulation.connect({ webSocket: { enabled: false } });
    await client.polling();
    for (let count = 1; count <= 12; count += 1) {
      client.network.duplicate();
      await client.act(strike, { by: 1 });
      await simulation.clock.advance(8_000);
      expect(battles.strikes).toBe(count);
    }
  });

  test.each([
    { status: 403, body: '<html>Sign in</html>' },
    { status: 200, body: { message: 'Welcome' } },
  ])('http($status) answers instead of the server until restore()', async (answer) => {
    const client = simulation.connect({ webSocket: { enabled: false } });
    await client.polling();
    client.network.http(answer);
    const response = await simulation.outcome(client.fetch('/realtime/config'));
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    expect([response.status, await response.text()]).toEqual([answer.status, text]);
    const struck = client.act(strike, { by: 1 });
    await simulation.clock.advance(3_000);
    expect(client.status.state).toBe('offline');
    expect(battles.strikes).toBe(0);
    client.network.restore();
    expect(await struck).toBe(2);
  });

  test("http('answer-lost') drops an answer, and the repeated action runs once", async () => {
    const client = simulation.connect({ webSocket: { enabled: false } });
    await client.polling();
    client.network.http('answer-lost');
    const answer = client.act(strike, { by: 1 });
    await simulation.until(() => battles.strikes === 1);
    await simulation.clock.advance(3_000);
    client.network.restore();
    expect(await answer).toBe(2);
    expect(battles.strikes).toBe(1);
  });

  test('apply to later clients when set for all clients, until restore()', async () => {
    simulation.network.upgrades('hang');
    const client = simulation.connect();
    await client.watch(first).live();
    await client.polling();
    simulation.network.restore();
    await client.live(90_000);
  });
});

describe('a simulated client', () => {
  const authenticate: RealtimeModuleOptions['authenticate'] = (_, token) => {
    const [id = ''] = token.split(':');
    return { id, user: id };
  };

  test('gets a new token after the old one expires and reconnects', async () => {
    await start({ authenticate });
    const reasons: string[] = [];
    let issued = 0;
    const client = simulation.connect({ token: (reason) => (reasons.push(reason), `ann:${(issued += 1)}`) });
    const page = client.watch(purse.with({ playerId: 'ann' }));
    await client.live();
    await page.live();
    client.expireToken();
    await simulation.until(() => reasons.includes('expired'), 'a new token to be asked for');
    await client.live();
    await page.live();
    expect(page.value).toBe(10);
  });

  test('spends no virtual time while the process verifies a token', async () => {
    const slow: RealtimeModuleOptions['authenticate'] = async (request, token) => {
      await crypto.subtle.digest('SHA-512', new Uint8Array(8_000_000));
      return authenticate(request, token);
    };
    await start({ authenticate: slow });
    const asked = simulation.clock.monotonic();
    await simulation.connect({ token: 'ann:1' }).live();
    expect(simulation.clock.monotonic() - asked).toBeLessThan(100);
  });

  test('spends no virtual time for an answer before the test awaits it', async () => {
    await start();
    const client = simulation.connect();
    await client.live();
    const asked = simulation.clock.monotonic();
    const answer = client.act(strike, { by: 2 });
    await simulation.clock.advance(15);
    expect(battles.strikes).toBe(1);
    client.network.cut();
    expect(simulation.clock.monotonic() - asked).toBe(15);
    expect(await answer).toBe(3);
    expect(battles.strikes).toBe(1);
  });

  test("gets all events of a topic with since: 'oldest'", async () => {
    await start();
    for (const text of ['one', 'two']) await simulation.server.bus.publish(log.with(), text);
    const events = simulation.connect().listen(log.with(), { since: 'oldest' });
    await events.count(2);
    expect(events.events).toEqual(['one', 'two']);
  });

  test('gets forbidden for a topic of another user', async () => {
    await start({ authenticate });
    const page = simulation.connect({ token: 'eve:1' }).watch(purse.with({ playerId: 'ann' }));
    await simulation.until(() => page.state?.error !== undefined, 'the rejection');
    expect(page.state).toMatchObject({ value: undefined, error: { code: 'forbidden' } });
  });

  test('R15: reconnects once after an hour of sleep', async () => {
    await start();
    const client = simulation.connect();
    const page = client.watch(first);
    await client.live();
    client.sleep(3_600_000);
    await simulation.clock.advance(1_800_000);
    battles.round = 8;
    await simulation.server.bus.publish(first, { round: 8 });
    const before = client.upgradeCount;
    await simulation.clock.advance(1_800_000);
    await page.shows(({ round }) => round === 8, 5_000);
    await client.live(5_000);
    await simulation.clock.advance(60_000);
    expect(client.upgradeCount - before).toBeLessThanOrEqual(1);
  });

  test('shares its clock with the timers and dates of the application', async () => {
    await start();
    const began = Date.now();
    let ticks = 0;
    const interval = setInterval(() => (ticks += 1), 1_000);
    await simulation.clock.advance(5_000);
    clearInterval(interval);
    await simulation.clock.advance(5_000);
    expect(ticks).toBe(5);
    expect(Date.now() - began).toBe(10_000);
    expect(new Date()).toBeInstanceOf(Date);
  });
});

const TRANSPORTS = [
  ['a WebSocket', {}],
  ['polls', { webSocket: { enabled: false } }],
] as const;

describe.each(TRANSPORTS)('A2: credentials over %s', (_, transport) => {
  test('that cannot be verified deny no client: it comes back when they can', async () => {
    let isBroken = true;
    await start({
      authenticate: (_request, token) => {
        if (isBroken) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        return { id: token, user: token };
      },
    });
    const client = simulation.connect({ ...transport, token: () => 'ann' });
    const page = client.watch(first);
    await simulation.clock.advance(120_000);
    expect(client.status.state).toBe('offline');
    isBroken = false;
    await page.live(60_000);
    expect(page.value).toEqual({ round: 1 });
  });

  test('that are rejected deny the client', async () => {
    await start({
      authenticate: () => {
        throw new UnauthorizedException();
      },
    });
    const client = simulation.connect({ ...transport, token: () => 'ann' });
    client.watch(first);
    await simulation.until(() => client.status.state === 'denied', 'the rejection', 60_000);
  });
});

test('A16: a tab above the limit of connections polls and acts, and connects when another tab closes', async () => {
  await start({
    authenticate: (_request, token) => ({ id: token, user: token }),
    limits: { connections: { perUser: 1 } },
  });
  const open = simulation.connect({ token: 'ann' });
  await open.live();
  const tab = simulation.connect({ token: 'ann' });
  const page = tab.watch(first);
  await tab.polling(2_000);
  await page.live(5_000);
  expect(page.value).toEqual({ round: 1 });
  expect(tab.status).toMatchObject({
    state: 'polling',
    reason: { code: 'too_many_requests', message: 'There are 1 connections of this user. Close one or try later.' },
  });
  expect(await tab.act(strike, { by: 1 })).toBe(2);
  await simulation.clock.advance(300_000);
  expect(tab.status.state).toBe('polling');
  open.close();
  await tab.live(45_000);
});

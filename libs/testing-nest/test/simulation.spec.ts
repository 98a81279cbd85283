import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import {
  RealtimeModule,
  type RealtimeAuthenticator,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '@statewire/nest';
import { simulate, type SimulationOptions, type Simulation } from '../src/index.js';
import { BattleHandlers, Battles, first, log, purse, simulateBattles, strike } from './support/battle-application.js';

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

describe.each(['express', 'fastify'] as const)('a simulated application on %s', (platform) => {
  beforeEach(() => start({}, { platform }));

  test('delivers a value and the result of an action without a port', async () => {
    const client = simulation.connect();
    const page = client.watch(first);
    await page.live();
    expect(page.value).toEqual({ round: 1 });
    expect(await client.act(strike, { by: 2 })).toBe(3);
    await page.shows(({ round }) => round === 3);
    expect(client.status).toMatchObject({ state: 'live', transport: 'websocket' });
  });

  test('applies a relative optimistic update exactly once', async () => {
    const page = simulation.connect();
    const seen = page.watch(first);
    await seen.live();
    const add = (value: { round: number }) => ({ round: value.round + 1 });
    for (let n = 0; n < 3; n++) await page.act(strike, { by: 1 }, { optimistic: [first, add] });
    await seen.shows(({ round }) => round === 4);
    const rounds = seen.states.flatMap(({ value }) => value?.round ?? []);
    expect(rounds.filter((round, n) => round !== rounds[n - 1])).toEqual([1, 2, 3, 4]);
  });

  test('delivers changes made during a restart of the server', async () => {
    const page = simulation.connect().watch(first);
    await page.live();
    await simulation.server.stop();
    battles.round = 7;
    await simulation.server.start();
    await page.shows(({ round }) => round === 7);
    await page.live();
  });

  test('polls while the network rejects upgrades', async () => {
    const client = simulation.connect();
    client.network.upgrades('reject');
    const page = client.watch(first);
    await client.polling();
    await page.live();
    expect(page.value).toEqual({ round: 1 });
    client.network.restore();
    await client.live();
  });
});

describe('a simulated server', () => {
  test('R13: loses values in memory with crash(), and clients get the values of the next start', async () => {
    await start();
    const page = simulation.connect().watch(first);
    await page.live();
    await simulation.server.bus.publish(first, { round: 50 });
    await page.shows(({ round }) => round === 50);
    simulation.server.crash();
    battles.round = 3;
    await simulation.clock.advance(1_000);
    expect(page.state?.freshness.state).toBe('stale');
    await simulation.server.start();
    await page.shows(({ round }) => round === 3);
    await page.live();
  });

  test('replays missed events after a restart with keepBroker', async () => {
    await start({}, { keepBroker: true });
    const events = simulation.connect().listen(log.with());
    await simulation.clock.advance(1_000);
    await simulation.server.bus.publish(log.with(), 'one');
    await events.count(1);
    await simulation.server.restart();
    await simulation.server.bus.publish(log.with(), 'two');
    await events.count(2);
    expect(events.deliveries.map(({ type }) => type)).toEqual(['event', 'event']);
  });

  test('R19: closes no connection in a stall of 3 s', async () => {
    await start({ heartbeat: { intervalMs: 1_000, timeoutMs: 2_500 } });
    const client = simulation.connect();
    await client.watch(first).live();
    await client.live();
    const [before] = simulation.server.connections.list();
    simulation.server.stall(3_000);
    await simulation.clock.advance(10_000);
    expect(simulation.server.connections.list()[0]?.id).toBe(before?.id);
  });

  test('accepts no connection during a stall', async () => {
    await start();
    simulation.server.stall(3_000);
    const late = simulation.connect();
    const page = late.watch(first);
    await simulation.clock.advance(2_900);
    expect(page.value).toBeUndefined();
    expect(simulation.server.openSockets).toBe(0);
    await page.shows(({ round }) => round === 1, 1_000);
  });

  test('stalls until the later end of two overlapping stalls', async () => {
    await start();
    const page = simulation.connect().watch(first);
    await page.live();
    simulation.server.stall(3_000);
    simulation.server.stall(500);
    await simulation.server.bus.publish(first, { round: 2 });
    await simulation.clock.advance(2_900);
    expect(page.value).toEqual({ round: 1 });
    await page.shows(({ round }) => round === 2, 500);
  });

  test('ends a stall with crash()', async () => {
    await start();
    const page = simulation.connect().watch(first);
    await page.live();
    simulation.server.stall(30_000);
    simulation.server.crash();
    await simulation.server.start();
    await simulation.until(() => page.state?.freshness.state !== 'live', 'the page to notice');
    await page.live(10_000);
  });
});

describe('simulate()', () => {
  test('passes the environment of each start of the server to `override`', async () => {
    const told: number[] = [];
    const silent = { setTimer: () => ({ cancel: () => undefined }) };
    await start({ environment: silent }, { override: (_, environment) => void told.push(environment.monotonic()) });
    const page = simulation.connect().watch(first);
    await page.live();
    simulation.server.crash();
    await simulation.clock.advance(5_000);
    await simulation.server.start();
    await page.live();
    expect(told[0]).toBe(0);
    expect(told[1]).toBeGreaterThanOrEqual(5_000);
  });

  test('rejects a failed wait with the expectation, the actual state and the seed', async () => {
    await start({}, { seed: 42 });
    const page = simulation.connect().watch(first);
    await page.live();
    await expect(page.shows(({ round }) => round === 2, 1_000)).rejects.toThrow(
      /Waited 1000 ms of virtual time for battles\/1 to have the expected value; it is .*"round":1.*STATEWIRE_SEED=42/,
    );
  });

  test('gives the same history for the same seed', async () => {
    const play = async (seed: number): Promise<readonly string[]> => {
      battles.round = 1;
      await start({}, { seed, network: { latency: 5, jitter: 20 } });
      const client = simulation.connect();
      const page = client.watch(first);
      await client.live();
      client.network.cutAfter(100);
      await client.act(strike, { by: 1 });
      await client.live();
      await simulation.server.restart();
      await page.live();
      const { trace } = simulation;
      await simulation.close();
      return trace;
    };
    const [one, again, other] = [await play(7), await play(7), await play(8)];
    expect(one.length).toBeGreaterThan(20);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    await start();
  });

  test('rejects a second simulation in the process', async () => {
    await start();
    await expect(simulate({ imports: [RealtimeModule.forRoot()] })).rejects.toThrow('Another simulation runs');
  });
});

describe('a simulated application with an authenticator class', () => {
  class Tokens {
    verify(token: string): { id: string; user: string } | undefined {
      return token === 'bad' ? undefined : { id: token, user: token };
    }
  }

  @Injectable()
  class TokenAuthenticator implements RealtimeAuthenticator {
    constructor(private readonly tokens: Tokens) {}

    authenticate(_: RealtimeRequest, token: string) {
      return this.tokens.verify(token);
    }
  }

  test('authenticates clients, and expireToken() ends their credentials', async () => {
    simulation = await simulate({
      imports: [RealtimeModule.forRoot({ authenticator: TokenAuthenticator })],
      providers: [BattleHandlers, Battles, Tokens, TokenAuthenticator],
    });
    const tokens = ['ann', 'bad'];
    const page = simulation.connect({ token: () => tokens.shift() });
    const own = page.watch(purse.with({ playerId: 'ann' }));
    await own.shows((value) => value === 10);
    page.expireToken();
    await expect(page.live()).rejects.toThrow(/denied: unauthorized/);
  });

  test.each<[string, RealtimeModuleOptions]>([
    ['both options', { authenticator: TokenAuthenticator, authenticate: () => undefined }],
    ['a class without the method', { authenticator: Tokens as never }],
  ])('rejects %s at start', async (_, options) => {
    const starting = simulate({
      imports: [RealtimeModule.forRoot(options)],
      providers: [Tokens, TokenAuthenticator],
    });
    await expect(starting).rejects.toThrow('option "authenticator" must be');
  });

  test('rejects a request-scoped class at start', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends TokenAuthenticator {}

    const starting = simulate({
      imports: [RealtimeModule.forRoot({ authenticator: PerRequest })],
      providers: [Tokens, PerRequest],
    });
    await expect(starting).rejects.toThrow('PerRequest is marked as a scoped provider.');
  });

  test('rejects a missing dependency of the class at start', async () => {
    const starting = simulate({
      imports: [RealtimeModule.forRoot({ authenticator: TokenAuthenticator })],
      providers: [BattleHandlers, Battles],
    });
    await expect(starting).rejects.toThrow('TokenAuthenticator');
  });
});

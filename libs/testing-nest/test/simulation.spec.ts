import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Injectable, type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeHandlers,
  RealtimeModule,
  type RealtimeAuthenticator,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '@statewire/nest';
import { simulate, type SimulationOptions, type Simulation } from '../src/index.js';

const battle = stateTopic<{ round: number }>()('battles/:battleId');
const first = battle.with({ battleId: '1' });
const purse = stateTopic<number>()('players/:playerId/purse');
const log = eventTopic<string>()('log');
const strike = action<{ by: number }, number>('battles/strike');

class Battles {
  round = 1;
  strikes = 0;
}

@Injectable()
class OwnPurse implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.getArgByIndex<RealtimeRequest>(0);
    return user === params.playerId;
  }
}

@RealtimeHandlers()
class BattleHandlers {
  constructor(
    private readonly battles: Battles,
    private readonly bus: RealtimeBus,
  ) {}

  @OnTopic(battle)
  battle(): { round: number } {
    return { round: this.battles.round };
  }

  @OnTopic(purse)
  @UseGuards(OwnPurse)
  purse(): number {
    return 10;
  }

  @OnTopic(log)
  log(): void {}

  @OnAction(strike)
  async strike(@ActionData() { by }: { by: number }): Promise<number> {
    this.battles.strikes += 1;
    this.battles.round += by;
    await this.bus.publish(first, { round: this.battles.round });
    await this.bus.publish(log.with(), `round ${this.battles.round}`);
    return this.battles.round;
  }
}

const HEARTBEAT = { intervalMs: 2_000, timeoutMs: 1_000 };

let simulation: Simulation;
let battles: Battles;

async function start(options: RealtimeModuleOptions = {}, more: SimulationOptions = {}): Promise<void> {
  simulation = await simulate({
    imports: [RealtimeModule.forRoot({ heartbeat: HEARTBEAT, ...options })],
    providers: [{ provide: Battles, useValue: battles }, BattleHandlers, OwnPurse],
    ...more,
  });
}

beforeEach(() => {
  battles = new Battles();
});

afterEach(async () => {
  await simulation.close();
});

describe.each(['express', 'fastify'] as const)('a simulated application on %s', (platform) => {
  beforeEach(() => start({}, { platform }));

  test('shows a page a value and what an action changes, without a port', async () => {
    const client = simulation.connect();
    const page = client.watch(first);
    await page.live();
    expect(page.value).toEqual({ round: 1 });
    expect(await client.act(strike, { by: 2 })).toBe(3);
    await page.shows(({ round }) => round === 3);
    expect(client.status).toMatchObject({ state: 'live', transport: 'websocket' });
  });

  test('shows an update that adds over a value until its effect is there, and never twice', async () => {
    const page = simulation.connect();
    const seen = page.watch(first);
    await seen.live();
    const add = (value: { round: number }) => ({ round: value.round + 1 });
    for (let n = 0; n < 3; n++) await page.act(strike, { by: 1 }, { optimistic: [first, add] });
    await seen.shows(({ round }) => round === 4);
    const rounds = seen.states.flatMap(({ value }) => value?.round ?? []);
    expect(rounds.filter((round, n) => round !== rounds[n - 1])).toEqual([1, 2, 3, 4]);
  });

  test('survives a restart of the server, with what happened meanwhile', async () => {
    const page = simulation.connect().watch(first);
    await page.live();
    await simulation.server.stop();
    battles.round = 7;
    await simulation.server.start();
    await page.shows(({ round }) => round === 7);
    await page.live();
  });

  test('polls while no upgrade gets through', async () => {
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

describe('what can be done to a network', () => {
  beforeEach(() => start());

  test('cut: both sides are told, and the client comes back', async () => {
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

  test('R7: a black hole: both sides find out by themselves, within heartbeat and timeout', async () => {
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

  test('freeze: what was sent meanwhile arrives afterwards, on the same connection', async () => {
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

  test('cutAfter: a frame that is cut in its middle never arrives, and its value does', async () => {
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

  test('halfOpen: the client is told and comes back, the server keeps a connection that nobody has', async () => {
    const client = simulation.connect();
    await client.watch(first).live();
    await client.live();
    client.network.halfOpen('client');
    await client.live(10_000);
    expect(simulation.server.openConnections).toBe(2);
    await simulation.until(() => simulation.server.openConnections === 1, 'the dead connection to be noticed', 5_000);
  });

  test('slice: bytes that come one by one are the same bytes', async () => {
    const client = simulation.connect();
    client.network.slice(1);
    const page = client.watch(first);
    await client.live();
    expect(page.value).toEqual({ round: 1 });
    expect(await client.act(strike, { by: 1 })).toBe(2);
  });

  test('throttle: a slow line takes as long as its bytes', async () => {
    const client = simulation.connect();
    await client.watch(first).live();
    client.network.bandwidth(100);
    const began = simulation.clock.monotonic();
    await client.act(strike, { by: 1 });
    expect(simulation.clock.monotonic() - began).toBeGreaterThan(1_000);
  });

  test('duplicate: a request that a proxy sends twice is done once', async () => {
    const client = simulation.connect({ webSocket: { enabled: false } });
    await client.polling();
    client.network.duplicate(2);
    expect(await client.act(strike, { by: 1 })).toBe(2);
    await simulation.clock.advance(5_000);
    expect(battles.strikes).toBe(1);
  });

  test('answer-lost: an action whose answer a proxy lost is done once and answered', async () => {
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

  test('a fault of everybody’s network befalls clients that come later, until it heals', async () => {
    simulation.network.upgrades('hang');
    const client = simulation.connect();
    await client.watch(first).live();
    await client.polling();
    simulation.network.restore();
    await client.live(90_000);
  });
});

describe('a simulated server', () => {
  test('R13: a crash loses what only its memory knew, and pages show the truth of the next start', async () => {
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

  test('a broker that outlives it replays what was missed', async () => {
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

  test('R19: a stall of 3 s ends no connection', async () => {
    await start({ heartbeat: { intervalMs: 1_000, timeoutMs: 2_500 } });
    const client = simulation.connect();
    await client.watch(first).live();
    await client.live();
    const [before] = simulation.server.connections.list();
    simulation.server.stall(3_000);
    await simulation.clock.advance(10_000);
    expect(simulation.server.connections.list()[0]?.id).toBe(before?.id);
  });

  test('that stalls reads nothing of those who come meanwhile, until it goes on', async () => {
    await start();
    simulation.server.stall(3_000);
    const late = simulation.connect();
    const page = late.watch(first);
    await simulation.clock.advance(2_900);
    expect(page.value).toBeUndefined();
    expect(simulation.server.openSockets).toBe(0);
    await page.shows(({ round }) => round === 1, 1_000);
  });

  test('that stalls again before it goes on stands still until the longer of both is over', async () => {
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

  test('that is killed in a stall leaves nobody held up by it', async () => {
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

describe('a simulated client', () => {
  const authenticate: RealtimeModuleOptions['authenticate'] = (_, token) => {
    const [id = ''] = token.split(':');
    return { id, user: id };
  };

  test('gets a new token when its own expires, and goes on where it was', async () => {
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

  test('waits no longer for a server whose tokens take the machine long to verify', async () => {
    const slow: RealtimeModuleOptions['authenticate'] = async (request, token) => {
      await crypto.subtle.digest('SHA-512', new Uint8Array(8_000_000));
      return authenticate(request, token);
    };
    await start({ authenticate: slow });
    const asked = simulation.clock.monotonic();
    await simulation.connect({ token: 'ann:1' }).live();
    expect(simulation.clock.monotonic() - asked).toBeLessThan(100);
  });

  test('has no time pass for an answer that nobody awaits yet', async () => {
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

  test('hears of an event topic since its oldest event, if it asks for it', async () => {
    await start();
    for (const text of ['one', 'two']) await simulation.server.bus.publish(log.with(), text);
    const events = simulation.connect().listen(log.with(), { since: 'oldest' });
    await events.count(2);
    expect(events.events).toEqual(['one', 'two']);
  });

  test('is refused what belongs to somebody else', async () => {
    await start({ authenticate });
    const page = simulation.connect({ token: 'eve:1' }).watch(purse.with({ playerId: 'ann' }));
    await simulation.until(() => page.state?.error !== undefined, 'the refusal');
    expect(page.state).toMatchObject({ value: undefined, error: { code: 'forbidden' } });
  });

  test('R15: a laptop that slept for an hour reconnects once', async () => {
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

  test('an application’s own timers and dates run on the same clock', async () => {
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

describe('a simulation', () => {
  test('gives override the environment of the process that starts, and takes no other', async () => {
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

  test('says what it waited for, what was there instead, and how to see it again', async () => {
    await start({}, { seed: 42 });
    const page = simulation.connect().watch(first);
    await page.live();
    await expect(page.shows(({ round }) => round === 2, 1_000)).rejects.toThrow(
      /Waited 1000 ms of virtual time for battles\/1 to have the expected value; it is .*"round":1.*STATEWIRE_SEED=42/,
    );
  });

  test('the same seed is the same history, to the byte', async () => {
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

  test('refuses to share the process with another', async () => {
    await start();
    await expect(simulate({ imports: [RealtimeModule.forRoot()] })).rejects.toThrow('Another simulation runs');
  });
});

describe('an application with an authenticator class', () => {
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

  test('signs its clients in, and lets a test expire their tokens', async () => {
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
  ])('does not start with %s, as in production', async (_, options) => {
    const starting = simulate({
      imports: [RealtimeModule.forRoot(options)],
      providers: [Tokens, TokenAuthenticator],
    });
    await expect(starting).rejects.toThrow('option "authenticator" must be');
  });

  test('does not start if a dependency of the class is missing', async () => {
    const starting = simulate({
      imports: [RealtimeModule.forRoot({ authenticator: TokenAuthenticator })],
      providers: [BattleHandlers, Battles],
    });
    await expect(starting).rejects.toThrow('TokenAuthenticator');
  });
});

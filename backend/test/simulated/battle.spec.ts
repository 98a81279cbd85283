import { afterEach, expect, jest, test } from '@jest/globals';
import { battle, pauseBattle, resumeBattle, type BattleSnapshot } from '@statewire/arena';
import { simulate, type Simulation, type StateWatch } from '@statewire/testing-nest';

import { BattleService } from '../../src/game/battle.service.js';
import { play } from '../../src/testing/battles.js';
import { arena, Player } from '../support/simulated-arena.js';

/** The ticks as they were shown, one after the other: a step back is seen as one. */
function ticksOf({ states }: StateWatch<BattleSnapshot>): readonly number[] {
  const shown = states.flatMap(({ value }) => (value === undefined ? [] : [value.tick]));
  return shown.filter((tick, index) => tick !== shown[index - 1]);
}

/** The ticks at which a page went back. */
function rewinds(ticks: readonly number[]): readonly (readonly number[])[] {
  return ticks.flatMap((tick, index) => (index > 0 && tick <= ticks[index - 1]! ? [[ticks[index - 1]!, tick]] : []));
}

let simulation: Simulation | undefined;
afterEach(() => simulation?.close());

test('a battle page survives a restart of the server', async () => {
  simulation = await simulate(arena());
  const { battleId } = await (await Player.join(simulation, 'Ann')).startBattle();
  const page = simulation.connect().watch(battle.with({ battleId }));
  await page.shows(({ tick }) => tick >= 20);

  await simulation.server.restart({ downFor: 3_000 });
  await page.shows(({ tick }) => tick >= 120);
  await page.live();

  expect(rewinds(ticksOf(page))).toEqual([]);
});

test('a battle continues after a restart without a difference', async () => {
  simulation = await simulate(arena());
  const { battleId } = await (await Player.join(simulation, 'Ann')).startBattle();
  const page = simulation.connect().watch(battle.with({ battleId }));
  await page.shows(({ tick }) => tick >= 20);
  const battles = simulation.server.get(BattleService);

  await simulation.server.stop();
  const stopped = battles.states.find(({ snapshot }) => snapshot.battleId === battleId)!;
  // To the end of the battle, because the time of the reconnect depends on the seed.
  const foreseen = new Map([...play(stopped)].map(({ snapshot }) => [snapshot.tick, snapshot]));
  await simulation.server.start();
  const after = () => page.states.flatMap(({ value }) => (value && foreseen.has(value.tick) ? [value] : []));
  await simulation.until(() => after().length >= 10, 'the battle to go on');

  for (const value of after()) expect(value).toEqual(foreseen.get(value.tick));
});

test('after a crash a page reports the end of its battle, and shows no old one as live', async () => {
  simulation = await simulate(arena());
  const { battleId } = await (await Player.join(simulation, 'Ann')).startBattle();
  const page = simulation.connect().watch(battle.with({ battleId }));
  await page.live();

  simulation.server.crash();
  await simulation.until(() => page.state?.freshness.state === 'stale', 'the page to say that it is stale', 2_000);
  await simulation.server.start();
  await simulation.until(() => page.state?.error !== undefined, 'the page to be told');

  expect(page.state).toMatchObject({ value: undefined, error: { code: 'unknown_topic' } });
});

test('a crash after a restart does not restore the game that the restart had saved', async () => {
  simulation = await simulate(arena());
  const { battleId } = await (await Player.join(simulation, 'Ann')).startBattle();
  const page = simulation.connect().watch(battle.with({ battleId }));
  await page.shows(({ tick }) => tick >= 20);
  await simulation.server.restart();
  await page.shows(({ tick }) => tick >= 120);

  simulation.server.crash();
  await simulation.clock.advance(1_000);
  await simulation.server.start();
  await simulation.until(() => page.state?.error !== undefined, 'the page to be told');

  expect(page.state).toMatchObject({ value: undefined, error: { code: 'unknown_topic' } });
  expect(rewinds(ticksOf(page))).toEqual([]);
});

test('a pause runs once although it was cut off, sent again and duplicated', async () => {
  simulation = await simulate(arena());
  const ann = await Player.join(simulation, 'Ann');
  const { client } = ann;
  const { battleId } = await ann.startBattle();
  const page = client.watch(battle.with({ battleId }));
  await page.live();
  const pause = jest.spyOn(simulation.server.get(BattleService), 'pause');

  client.network.latency(200);
  const answer = client.act(pauseBattle, { battleId });
  await simulation.clock.advance(300);
  expect(pause).toHaveBeenCalledTimes(1);
  client.network.cut();
  client.network.upgrades('reject');
  client.network.duplicate(10);

  expect(await answer).toMatchObject({ status: 'paused' });
  expect(await client.act(resumeBattle, { battleId })).toMatchObject({ status: 'running' });
  await simulation.clock.advance(10_000);
  expect(page.value?.status).toBe('running');
  expect(pause).toHaveBeenCalledTimes(1);
});

test('a spectator with a silent socket gets polled values within a second, and returns without a gap or a repeat', async () => {
  simulation = await simulate(arena());
  const { battleId } = await (await Player.join(simulation, 'Ann')).startBattle();
  const truth = new Map<number, BattleSnapshot>();
  simulation.server.bus.stream(battle.with({ battleId })).subscribe((value) => truth.set(value.tick, value));
  const spectator = simulation.connect();
  const page = spectator.watch(battle.with({ battleId }));
  await page.shows(({ tick }) => tick >= 20);

  spectator.network.blackhole('open');
  const silentSince = simulation.clock.monotonic();
  const { tick } = page.value!;
  await spectator.polling();
  await page.shows((now) => now.tick > tick);
  expect(simulation.clock.monotonic() - silentSince).toBeLessThan(1_000);

  await simulation.clock.advance(5_000);
  spectator.network.restore();
  await spectator.live();
  const back = page.value!.tick;
  await page.shows((now) => now.tick >= back + 20);

  const ticks = ticksOf(page);
  const since = ticks.slice(ticks.indexOf(back));
  expect(rewinds(ticks)).toEqual([]);
  expect(since).toEqual(since.map((_, index) => back + index));
  const compared = page.states.flatMap(({ value }) => (value !== undefined && value.tick >= 20 ? [value] : []));
  expect(compared.length).toBeGreaterThanOrEqual(30);
  for (const value of compared) expect(value).toEqual(truth.get(value.tick));
});

test('the switch of the server moves a battle page to polling and back, without a reload', async () => {
  simulation = await simulate(arena({ AF_WEBSOCKET_ENABLED: 'false' }));
  const ann = await Player.join(simulation, 'Ann');
  const { client } = ann;
  const { battleId } = await ann.startBattle();
  const page = client.watch(battle.with({ battleId }));
  await client.polling();
  await page.shows(({ tick }) => tick >= 20);

  await simulation.server.webSocket.set(true);
  await client.live();
  await page.live();
  await simulation.server.webSocket.set(false);
  await client.polling();
  const { tick } = page.value!;
  await page.shows((now) => now.tick > tick);
  expect(await client.act(pauseBattle, { battleId })).toMatchObject({ status: 'paused' });
});

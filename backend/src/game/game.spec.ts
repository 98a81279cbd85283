import { beforeEach, describe, expect, it } from '@jest/globals';
import { battle, lobby, notifications, run } from '@statewire/arena';

import { RuleError } from '../run/rule-error.js';
import { ANN, GameFixture } from '../testing/game-fixture.js';

describe('The game', () => {
  let fixture: GameFixture;

  beforeEach(() => {
    fixture = new GameFixture();
  });

  const running = ({ status }: { readonly status: string }) => status === 'running';
  const lastLobby = () => fixture.bus.published(lobby.with()).at(-1)!;

  it('runs one to three battles without players, and the lobby lists at least two', async () => {
    await fixture.play(2_000);
    const counts = new Set<number>();
    await fixture.play(300_000, () => counts.add(fixture.battles.snapshots.filter(running).length));

    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(lastLobby().battles.length).toBeGreaterThanOrEqual(2);
  });

  it('has at least two battles in every lobby after the houses start', async () => {
    await fixture.play(300_000);
    const shown = fixture.bus
      .published(lobby.with())
      .slice(3)
      .map(({ battles }) => battles.length);

    expect(shown.length).toBeGreaterThan(250);
    expect(Math.min(...shown)).toBeGreaterThanOrEqual(2);
  });

  it('is the same game for the same seed', async () => {
    const other = new GameFixture();
    await Promise.all([fixture.play(60_000), other.play(60_000)]);

    expect(other.bus.published(lobby.with())).toEqual(fixture.bus.published(lobby.with()));
    expect(other.battles.snapshots).toEqual(fixture.battles.snapshots);
  });

  it('publishes each running battle once a turn, in the order of ticks', async () => {
    await fixture.play(5_000);
    const { battleId } = fixture.battles.snapshots[0]!;
    const before = fixture.bus.published(battle.with({ battleId })).length;
    await fixture.play(1_000);
    const ticks = fixture.bus
      .published(battle.with({ battleId }))
      .slice(before)
      .map(({ tick }) => tick);

    expect(ticks).toHaveLength(10);
    expect(ticks).toEqual(ticks.map((_, index) => ticks[0]! + index));
  });

  it('publishes the lobby at most once a second, and only after a change', async () => {
    await fixture.play(10_000);
    const lobbies = fixture.bus.published(lobby.with());

    expect(lobbies.length).toBeLessThanOrEqual(10);
    expect(new Set(lobbies.map((value) => JSON.stringify(value))).size).toBe(lobbies.length);
  });

  it('closes decided battles and finished runs after a while, and drops them', async () => {
    const sizes: number[] = [];
    await fixture.play(400_000, () => sizes.push(fixture.battles.snapshots.length + fixture.runs.snapshots.length));
    const finished = fixture.runs.snapshots.filter(({ phase }) => phase === 'finished');

    expect(fixture.bus.closed.filter((name) => name.startsWith('runs/')).length).toBeGreaterThan(1);
    expect(fixture.bus.closed.filter((name) => name.startsWith('battles/')).length).toBeGreaterThan(10);
    expect(finished.every(({ runId }) => fixture.runs.idleFor(runId) < 61_000)).toBe(true);
    expect(Math.max(...sizes)).toBeLessThan(15);
  });

  it('leads a player from room to room to the end of the run, with notifications', async () => {
    const { runId } = await fixture.runs.start(ANN);
    const phases = new Set<string>();
    for (;;) {
      const { phase, choices, battleId, offers } = fixture.runs.snapshot(runId)!;
      phases.add(phase);
      if (phase === 'finished') break;
      if (phase === 'choosing') await fixture.runs.chooseRoom(runId, choices[0]!);
      else if (phase === 'in-battle') {
        await fixture.battles.setSpeed(battleId!, 4);
        await fixture.playUntil(() => fixture.runs.snapshot(runId)!.phase !== 'in-battle');
      } else await fixture.runs.pickReward(runId, offers.find(({ price }) => price === 0)?.id);
    }
    const told = fixture.notifications.list(ANN.playerId).map(({ kind }) => kind);

    expect([...phases]).toEqual(expect.arrayContaining(['choosing', 'in-battle', 'reward', 'finished']));
    expect(told[0]).toBe('run-started');
    expect(told).toEqual(expect.arrayContaining(['battle-won', 'loot']));
    expect(told.at(-1)).toMatch(/^run-(won|lost)$/);
    expect(fixture.bus.published(run.with({ runId })).at(-1)!.phase).toBe('finished');
  });

  it('sends no notifications about the runs of the house', async () => {
    await fixture.play(120_000);

    expect(fixture.bus.published(notifications.with({ playerId: 'house-1' }))).toEqual([]);
    expect(fixture.notifications.list('house-1')).toEqual([]);
  });

  it('allows a player one unfinished run: a new one ends the old one', async () => {
    const first = await fixture.runs.start(ANN);
    const second = await fixture.runs.start(ANN);

    expect(fixture.runs.snapshot(first.runId)).toMatchObject({ phase: 'finished', outcome: 'lost' });
    expect(fixture.runs.snapshot(second.runId)).toMatchObject({ phase: 'choosing', player: ANN });
  });

  it('ends a run and its battle when its player is idle for too long', async () => {
    const { runId } = await fixture.runs.start(ANN);
    const { battleId } = await fixture.runs.chooseRoom(runId, fixture.runs.snapshot(runId)!.choices[0]!);
    await fixture.battles.pause(battleId!);
    await fixture.play(601_000);

    expect(fixture.runs.snapshot(runId)?.phase).toBe('finished');
    expect(fixture.battles.snapshot(battleId!)).toBeUndefined();
    expect(fixture.bus.closed).toContain(`battles/${battleId}`);
  });

  it('rejects runs above the limit', async () => {
    const small = new GameFixture({ maxRuns: 1 });
    await small.runs.start(ANN);

    await expect(small.runs.start({ ...ANN, playerId: 'bob' })).rejects.toThrow(RuleError);
  });

  it('lists battles and runs in the lobby with owner and progress', async () => {
    const { runId } = await fixture.runs.start(ANN);
    await fixture.runs.chooseRoom(runId, fixture.runs.snapshot(runId)!.choices[0]!);
    await fixture.play(3_000);
    const { battles, runs } = lastLobby();

    expect(runs.find((one) => one.runId === runId)).toMatchObject({ player: ANN, roomsVisited: 1, roomsInAll: 6 });
    expect(battles.find((one) => one.runId === runId)).toMatchObject({
      player: ANN,
      room: 'battle',
      status: 'running',
    });
  });
});

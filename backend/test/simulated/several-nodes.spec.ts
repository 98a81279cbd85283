import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { battle, lobby, notifications, type BattleSnapshot, type RunPlayer, type RunProgress } from '@statewire/arena';

import { ArenaCluster, type ArenaNode } from '../support/arena-cluster.js';

const ANN: RunPlayer = { playerId: 'ann', name: 'Ann', house: false };

/** No battle ends during a test. */
const LONG_BATTLES = { partyHealthFactor: 1_000, foeHealthFactor: 1_000 };

let cluster: ArenaCluster;
let nodes: ArenaNode[];

beforeEach(async () => {
  cluster = new ArenaCluster(LONG_BATTLES);
  nodes = [await cluster.start(), await cluster.start(), await cluster.start()];
});

afterEach(() => cluster.dispose());

/** Starts a run of Ann at one node, and enters its first room at another one. */
async function startBattle(): Promise<{ readonly runId: string; readonly battleId: string }> {
  const { runId } = await nodes[1]!.ask<RunProgress>({ type: 'start-run', player: ANN });
  const entered = await nodes[2]!.ask<RunProgress>({ type: 'choose-room', runId, roomId: 'room-1-1' });
  return { runId, battleId: entered.battleId! };
}

/** The nodes that ran a turn in the next second. */
async function ticking(): Promise<readonly ArenaNode[]> {
  const since = cluster.environment.monotonic();
  await cluster.environment.advance(1_000);
  return nodes.filter(({ turns }) => turns.some((at) => at > since));
}

/** Nothing of a battle goes back, and no tick has two values. */
function expectForward(shown: readonly BattleSnapshot[]): void {
  const ticks = shown.map(({ tick }) => tick);
  expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
  const texts = new Map<number, string>();
  for (const value of shown) {
    const text = JSON.stringify(value);
    expect(texts.get(value.tick) ?? text).toBe(text);
    texts.set(value.tick, text);
  }
}

describe('three nodes of the Arena', () => {
  test('run the game on exactly one of them', async () => {
    expect(await ticking()).toEqual([nodes[0]]);
  });

  test.each([
    ['crashes', 8_000, (node: ArenaNode) => Promise.resolve(node.crash())],
    ['is deployed', 500, (node: ArenaNode) => node.deploy()],
  ])('R26: go on with a battle whose node %s within %d ms', async (_, limit, end) => {
    const { battleId, runId } = await startBattle();
    const topic = battle.with({ battleId });
    const shown = nodes[2]!.watch(topic);
    const told = nodes[2]!.watch(notifications.with({ playerId: ANN.playerId }));
    await cluster.environment.advance(3_000);
    const ended = nodes.shift()!;
    await end(ended);
    const last = ended.turns.at(-1)!;
    const before = shown.at(-1)!;
    await cluster.environment.advance(10_000);

    const others = nodes.flatMap(({ turns }) => turns);
    expect(Math.min(...others) - last).toBeLessThanOrEqual(limit);
    expect(await ticking()).toHaveLength(1);
    expect(shown.at(-1)!.tick).toBeGreaterThan(before.tick + 10);
    expectForward(shown);
    expect(await nodes[0]!.ask({ type: 'load-run', runId })).toMatchObject({ phase: 'in-battle', battleId });
    expect(told).toEqual([]);
    const { notifications: list } = await nodes[1]!.state(ANN.playerId);
    expect(list.map(({ kind }) => kind)).toEqual(['run-started']);
  });

  test('R26: refuse a node that was frozen while another one took over', async () => {
    const { battleId } = await startBattle();
    const shown = nodes[2]!.watch(battle.with({ battleId }));
    const list = nodes[2]!.watch(lobby.with());
    await cluster.environment.advance(3_000);
    nodes[0]!.process.suspend(30_000);
    nodes[0]!.broker.link.freeze(30_000);
    await cluster.environment.advance(45_000);

    const running = await ticking();
    expect(running).toHaveLength(1);
    expect(running).not.toContain(nodes[0]);
    expect(shown.at(-1)!.tick).toBeGreaterThan(200);
    expectForward(shown);
    expect(list.at(-1)!.battles.map((one) => one.battleId)).toContain(battleId);
  });

  test('share what a player does, at whichever node', async () => {
    const { battleId, runId } = await startBattle();
    const shown = nodes.map((node) => node.watch(battle.with({ battleId })));
    await nodes[1]!.ask({ type: 'pause', battleId });
    await nodes[2]!.ask({ type: 'set-speed', battleId, speed: 4 });
    await cluster.environment.advance(1_000);
    expect(shown.map((values) => values.at(-1))).toEqual(
      Array(3).fill(expect.objectContaining({ status: 'paused', speed: 4 })),
    );
    await expect(nodes[1]!.ask({ type: 'choose-room', runId, roomId: 'room-1-2' })).rejects.toMatchObject({
      name: 'RuleError',
      message: 'There is no room to choose at the moment.',
    });
    const states = await Promise.all(nodes.map((node) => node.state(ANN.playerId)));
    for (const state of states) expect(state).toEqual(states[0]);
    expect(states[0]!.runs[runId]).toMatchObject({ phase: 'in-battle' });
    expect(states[0]!.notifications).toHaveLength(1);
  });

  test('R26: refuse an action while no node runs the game, and it has no effect later', async () => {
    const { battleId } = await startBattle();
    const [owner, other] = nodes;
    owner!.crash();
    const refused = other!.ask({ type: 'pause', battleId }).catch((error: unknown) => error);
    expect(await refused).toMatchObject({ code: expect.stringMatching(/^(unavailable|outcome_unknown)$/) });
    nodes.shift();
    await cluster.environment.advance(10_000);
    expect(await other!.ask({ type: 'load-battle', battleId })).toMatchObject({ status: 'running' });
  });

  test.each(['loses everything', 'is out of reach for 20 s'])('keep a battle although the broker %s', async (fault) => {
    const { battleId, runId } = await startBattle();
    const shown = nodes[2]!.watch(battle.with({ battleId }));
    await cluster.environment.advance(3_000);
    const before = shown.at(-1)!.tick;
    if (fault === 'loses everything') cluster.broker.flush();
    else for (const { broker } of nodes) broker.link.freeze(20_000);
    await cluster.environment.advance(40_000);

    expect(await ticking()).toHaveLength(1);
    expect(shown.at(-1)!.tick).toBeGreaterThan(before + 50);
    expectForward(shown);
    expect(await nodes[1]!.ask({ type: 'load-run', runId })).toMatchObject({ phase: 'in-battle', battleId });
    expect(await nodes[1]!.state(ANN.playerId)).toMatchObject({ notifications: [{ kind: 'run-started' }] });
  });

  test('write the game to the archive of the last node only', async () => {
    const { battleId } = await startBattle();
    for (const node of nodes) await node.deploy();
    expect(cluster.archives.at(-1)!.battles).toMatchObject(
      expect.arrayContaining([{ snapshot: expect.objectContaining({ battleId }) }]),
    );
    cluster.broker.flush();
    const next = await cluster.start();
    expect(await next.ask({ type: 'load-battle', battleId })).toMatchObject({ battleId });
  });
});

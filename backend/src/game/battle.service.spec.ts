import { beforeEach, describe, expect, it } from '@jest/globals';
import { battle } from '@statewire/arena';

import { RuleError } from '../run/rule-error.js';
import { ANN, GameFixture } from '../testing/game-fixture.js';

describe('BattleService', () => {
  let fixture: GameFixture;
  let battleId: string;

  beforeEach(async () => {
    fixture = new GameFixture();
    const { runId } = await fixture.runs.start(ANN);
    const entered = await fixture.runs.chooseRoom(runId, 'room-1-1');
    battleId = entered.battleId!;
  });

  const ticks = () => fixture.bus.published(battle.with({ battleId })).map(({ tick }) => tick);

  it('publishes nothing of a paused battle, and continues where it stopped', async () => {
    fixture.battles.turn();
    await fixture.battles.pause(battleId);
    fixture.battles.turn();
    fixture.battles.turn();
    await fixture.battles.resume(battleId);
    fixture.battles.turn();

    expect(ticks()).toEqual([0, 1, 1, 1, 2]);
  });

  it('answers a command with the state of the battle, after its publication', async () => {
    await expect(fixture.battles.setSpeed(battleId, 2)).resolves.toEqual({
      battleId,
      status: 'running',
      speed: 2,
      tick: 0,
    });
    await expect(fixture.battles.pause(battleId)).resolves.toMatchObject({ status: 'paused' });

    expect(fixture.bus.published(battle.with({ battleId })).at(-1)).toMatchObject({ speed: 2, status: 'paused' });
  });

  it('publishes nothing for a command without effect', async () => {
    await fixture.battles.resume(battleId);
    await fixture.battles.setSpeed(battleId, 1);

    expect(ticks()).toEqual([0]);
  });

  it('rejects commands to a finished battle', async () => {
    await fixture.battles.remove(battleId);

    await expect(fixture.battles.pause(battleId)).rejects.toThrow(RuleError);
    expect(fixture.bus.closed).toEqual([`battles/${battleId}`]);
  });
});

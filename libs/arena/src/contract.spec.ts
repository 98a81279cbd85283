import { describe, expect, it } from '@jest/globals';
import type { Action, Topic } from '@statewire/protocol';

import * as contract from './index.js';

const values: readonly unknown[] = Object.values(contract);

function isTopic(value: unknown): value is Topic {
  return typeof value === 'object' && value !== null && 'pattern' in value;
}

function isAction(value: unknown): value is Action {
  return typeof value === 'object' && value !== null && 'name' in value;
}

describe('The contract of the Arena', () => {
  it('has these topics', () => {
    const topics = values.filter(isTopic).map(({ pattern, kind }) => `${kind} ${pattern}`);

    expect(topics.sort()).toEqual([
      'events players/:playerId/notifications',
      'state battles/:battleId',
      'state lobby',
      'state presence/battles/:battleId',
      'state runs/:runId',
    ]);
  });

  it('has these actions', () => {
    const names = values.filter(isAction).map(({ name }) => name);

    expect(names.sort()).toEqual([
      'battles/pause',
      'battles/resume',
      'battles/set-speed',
      'notifications/dismiss',
      'runs/choose-room',
      'runs/pick-reward',
      'runs/start',
    ]);
  });

  it('names one concrete topic by its parameters', () => {
    expect(contract.battle.with({ battleId: '42' }).name).toBe('battles/42');
    expect(contract.lobby.with().name).toBe('lobby');
  });

  it('does not compile with parameters or data that do not fit', () => {
    // @ts-expect-error a battle is named by its battleId
    expect(() => contract.battle.with({ runId: '42' })).toThrow();
    // @ts-expect-error there is no speed 3
    const tooFast: contract.SetBattleSpeed = { battleId: '42', speed: 3 };

    expect(contract.BATTLE_SPEEDS).not.toContain(tooFast.speed);
  });
});

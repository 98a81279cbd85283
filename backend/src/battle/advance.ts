import type { BattleSpeed } from '@statewire/arena';

import type { BattleState } from './battle-state.js';
import { step } from './step.js';

/** What 100 ms bring: as many ticks as the battle's speed while it runs, otherwise nothing. */
export function advance(battle: BattleState): BattleState {
  let state = battle;
  for (let ticks = 0; ticks < battle.snapshot.speed && state.snapshot.status === 'running'; ticks++)
    state = step(state);
  return state;
}

/** The same battle, paused if it runs. */
export function pause(battle: BattleState): BattleState {
  return battle.snapshot.status === 'running' ? withSnapshot(battle, { status: 'paused' }) : battle;
}

/** The same battle, running if it is paused. */
export function resume(battle: BattleState): BattleState {
  return battle.snapshot.status === 'paused' ? withSnapshot(battle, { status: 'running' }) : battle;
}

export function setSpeed(battle: BattleState, speed: BattleSpeed): BattleState {
  return battle.snapshot.speed === speed ? battle : withSnapshot(battle, { speed });
}

function withSnapshot(battle: BattleState, changes: Partial<BattleState['snapshot']>): BattleState {
  return { ...battle, snapshot: { ...battle.snapshot, ...changes } };
}

import type { BattleSpeed } from '@statewire/arena';

import type { BattleState } from './battle-state.js';
import { step } from './step.js';

/** Advances the battle by 100 ms: as many ticks as its speed while it runs, otherwise none. */
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

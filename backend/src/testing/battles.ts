import type { BattleSnapshot } from '@statewire/arena';

import { advance } from '../battle/advance.js';
import type { BattleState } from '../battle/battle-state.js';
import { createBattle, type FoeTemplate } from '../battle/create-battle.js';
import { Random } from '../battle/random.js';
import { bossEncounter, encounter } from '../run/bestiary.js';
import { recruitParty } from '../run/heroes.js';

/** Creates a battle like a run does. `sturdiness` multiplies the hit points of all combatants. */
export function someBattle(seed: number, { depth = 1, boss = false, sturdiness = 1 } = {}): BattleState {
  const random = new Random(seed);
  const sturdy = <T extends { readonly hp: number; readonly max_hp: number }>(one: T): T => ({
    ...one,
    hp: one.hp * sturdiness,
    max_hp: one.max_hp * sturdiness,
  });
  const party = recruitParty(random).map(sturdy);
  const foes: FoeTemplate[] = (boss ? bossEncounter(random) : encounter(random, depth)).map(sturdy);
  const about = { battleId: `b-${seed}`, runId: 'r-0123456789', roomId: 'room-2-1', title: 'Hall of echoes' };
  return createBattle({ ...about, playerName: 'House of Owls', party, foes });
}

/** Returns every state from the first to the decided one, or to the last of `turns`. */
export function* play(first: BattleState, turns = Infinity): Generator<BattleState> {
  let state = first;
  yield state;
  for (let turn = 0; turn < turns && state.snapshot.status === 'running'; turn++) {
    state = advance(state);
    yield state;
  }
}

export function fighters({ party, foes }: BattleSnapshot): readonly BattleSnapshot['party'][number][] {
  return [...party, ...foes];
}

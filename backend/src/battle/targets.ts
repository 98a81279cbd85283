import type { Combatant } from '@statewire/arena';

import type { BattleDraft } from './battle-draft.js';
import { has } from './passives.js';
import type { Reach } from './specials.js';

/** Percent of plain attacks that target the weakest opponent instead of a random one. */
const HUNT_ODDS = 35;
const GUARDIAN_WEIGHT = 3;

/** Returns the target of a plain attack; undefined if no opponent is left. */
export function chooseTarget(draft: BattleDraft, attackerId: string): Combatant | undefined {
  const opponents = draft.opponentsOf(attackerId);
  if (draft.random.chance(HUNT_ODDS)) return weakest(opponents);
  const weighted = opponents.flatMap((one) => Array<Combatant>(has(one, 'guardian') ? GUARDIAN_WEIGHT : 1).fill(one));
  return weighted.length === 0 ? undefined : draft.random.pick(weighted);
}

/** Returns the candidates that an effect reaches, each at most once. */
export function reached(draft: BattleDraft, candidates: readonly Combatant[], reach: Reach): readonly Combatant[] {
  switch (reach) {
    case 'all':
      return candidates;
    case 'one':
      return draft.random.sample(candidates, 1);
    case 'three':
      return draft.random.sample(candidates, 3);
    case 'weakest': {
      const found = weakest(candidates);
      return found ? [found] : [];
    }
  }
}

/** Returns the candidate with the smallest fraction of its health. */
function weakest(combatants: readonly Combatant[]): Combatant | undefined {
  return combatants.reduce<Combatant | undefined>(
    (found, one) => (found && found.hp * one.max_hp <= one.hp * found.max_hp ? found : one),
    undefined,
  );
}

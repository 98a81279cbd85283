import type { BattleStatus } from '@statewire/arena';

import { act } from './act.js';
import { BattleDraft, isAlive } from './battle-draft.js';
import type { BattleState } from './battle-state.js';
import { pulse } from './over-time.js';
import { LAST_TICK } from './rules.js';

/** Computes one tick: effects over time, then the actions of all ready combatants in order, then the outcome. */
export function step(before: BattleState): BattleState {
  const draft = new BattleDraft(before);
  const combatants = [...draft.party, ...draft.foes];

  combatants.forEach(({ id }, index) => {
    if (isAlive(draft.get(id))) pulse(draft, id, index);
  });

  const inOrder = combatants.filter(({ readyAt }) => readyAt <= draft.tick).sort((a, b) => a.readyAt - b.readyAt);
  for (const { id } of inOrder) {
    if (isAlive(draft.get(id)) && draft.get(id).readyAt <= draft.tick) act(draft, id);
  }
  return draft.finish(outcomeOf(draft));
}

function outcomeOf(draft: BattleDraft): BattleStatus {
  if (!draft.party.some(isAlive)) {
    draft.write('end', 'The party is defeated.');
    return 'lost';
  }
  if (!draft.foes.some(isAlive)) {
    draft.write('end', 'The party is victorious.');
    return 'won';
  }
  if (draft.tick >= LAST_TICK) {
    draft.write('end', 'Night falls, and the party retreats.');
    return 'lost';
  }
  return 'running';
}

import type { Combatant } from '@statewire/arena';

import type { BattleDraft } from './battle-draft.js';
import { addDot, addHot } from './over-time.js';
import { has } from './passives.js';
import { specialOf, type SpecialEffect } from './specials.js';
import { gainActionPoint, strike, type StrikeResult } from './strike.js';
import { chooseTarget, reached } from './targets.js';
import { heal } from './wounds.js';

/** The turn of one combatant: its special if its action points are full, a plain attack otherwise. */
export function act(draft: BattleDraft, id: string): void {
  const actor = draft.get(id);
  const { action_points, max_action_points } = actor;
  const pause = has(actor, 'swift') ? Math.floor((actor.cadence * 9) / 10) : actor.cadence;
  draft.update(id, { readyAt: draft.tick + pause + draft.random.between(0, 3) });
  if (action_points >= max_action_points) {
    useSpecial(draft, id);
  } else {
    attack(draft, id);
    if (draft.get(id).hp > 0) gainActionPoint(draft, id);
  }
}

function attack(draft: BattleDraft, id: string): void {
  const target = chooseTarget(draft, id);
  if (!target) return;
  const result = strike(draft, id, target.id, 100);
  draft.write('attack', describe(draft.get(id), target, result));
}

function useSpecial(draft: BattleDraft, id: string): void {
  const special = specialOf(draft.get(id).kind);
  draft.update(id, { action_points: 0 });
  draft.write('special', `${draft.get(id).name} uses ${special.name}.`);
  for (const effect of special.effects) applyEffect(draft, id, effect);
}

function applyEffect(draft: BattleDraft, id: string, effect: SpecialEffect): void {
  const user = draft.get(id);
  if (effect.type === 'heal') {
    for (const ally of reached(draft, draft.alliesOf(id), effect.reach)) {
      heal(draft, id, ally.id, share(user, effect.power));
      if (effect.hot) addHot(draft, user, ally.id, { ...effect.hot, heal: share(user, effect.hot.power) });
    }
    return;
  }
  for (const target of reached(draft, draft.opponentsOf(id), effect.reach)) {
    if (draft.get(id).hp === 0) return;
    const { damage, outcome } = strike(draft, id, target.id, effect.power);
    if (outcome === 'dodged') continue;
    if (effect.drain) heal(draft, id, id, Math.floor((damage * effect.drain) / 100));
    if (effect.slow) draft.update(target.id, { readyAt: draft.get(target.id).readyAt + effect.slow });
    if (effect.dot) addDot(draft, user, target.id, { ...effect.dot, damage: share(user, effect.dot.power) });
  }
}

function share(user: Combatant, percent: number): number {
  return Math.ceil((user.atk * percent) / 100);
}

function describe(attacker: Combatant, target: Combatant, { damage, outcome }: StrikeResult): string {
  switch (outcome) {
    case 'dodged':
      return `${target.name} dodges ${attacker.name}.`;
    case 'critical':
      return `${attacker.name} lands a critical hit on ${target.name}: ${damage}.`;
    case 'hit':
      return `${attacker.name} hits ${target.name}: ${damage}.`;
  }
}

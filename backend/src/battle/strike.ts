import type { Combatant } from '@statewire/arena';

import { affinity } from './affinity.js';
import type { BattleDraft } from './battle-draft.js';
import { addDot } from './over-time.js';
import { has } from './passives.js';
import { fury, MAX_DODGE_ODDS } from './rules.js';
import { heal, wound } from './wounds.js';

export interface StrikeResult {
  /** Hit points that the target lost. */
  readonly damage: number;
  readonly outcome: 'hit' | 'critical' | 'dodged';
}

/** Computes one blow: dodge, spread, critical hit, affinity, defense, fury and passives. `power` is percent. */
export function strike(draft: BattleDraft, attackerId: string, targetId: string, power: number): StrikeResult {
  const attacker = draft.get(attackerId);
  const target = draft.get(targetId);
  if (draft.random.chance(Math.min(target.dodge_odds, MAX_DODGE_ODDS))) {
    draft.hit({ targetId, kind: 'dodge', amount: 0 });
    return { damage: 0, outcome: 'dodged' };
  }
  const critical = draft.random.chance(attacker.crit_rate);
  const lost = wound(draft, attackerId, targetId, damageOf(draft, attacker, target, power, critical), {
    kind: critical ? 'critical' : 'damage',
    damage_type: attacker.damage_type,
  });
  if (critical && has(attacker, 'focus')) gainActionPoint(draft, attackerId);
  applyPassives(draft, attacker, target, lost);
  return { damage: lost, outcome: critical ? 'critical' : 'hit' };
}

export function gainActionPoint(draft: BattleDraft, id: string): void {
  const { action_points, max_action_points } = draft.get(id);
  if (action_points < max_action_points) draft.update(id, { action_points: action_points + 1 });
}

function damageOf(
  draft: BattleDraft,
  attacker: Combatant,
  target: Combatant,
  power: number,
  critical: boolean,
): number {
  const percents = [
    power,
    draft.random.between(85, 115),
    critical ? attacker.crit_damage : 100,
    affinity(attacker.damage_type, target.damage_type),
    has(attacker, 'executioner') && target.hp * 3 < target.max_hp ? 130 : 100,
    fury(draft.tick),
  ];
  const raw = percents.reduce((damage, percent) => (damage * percent) / 100, attacker.atk);
  return Math.max(1, Math.round((raw * 100) / (100 + target.defense)));
}

function applyPassives(draft: BattleDraft, attacker: Combatant, target: Combatant, lost: number): void {
  if (has(attacker, 'leech')) heal(draft, attacker.id, attacker.id, Math.floor((lost * 15) / 100));
  if (has(attacker, 'ember') && draft.random.chance(25)) {
    const damage = Math.ceil((attacker.atk * 15) / 100);
    addDot(draft, attacker, target.id, { name: 'Burn', damage_type: 'Fire', damage, pulses: 3 });
  }
  if (has(attacker, 'venom') && draft.random.chance(25)) {
    const damage = Math.ceil((attacker.atk * 12) / 100);
    addDot(draft, attacker, target.id, { name: 'Poison', damage_type: 'Dark', damage, pulses: 4 });
  }
  const returned = has(target, 'thorns') ? Math.floor((lost * 15) / 100) : 0;
  if (returned > 0) {
    wound(draft, target.id, attacker.id, returned, { kind: 'damage', damage_type: target.damage_type });
  }
}

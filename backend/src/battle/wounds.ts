import type { Combatant, DamageType, Hit } from '@statewire/arena';

import type { BattleDraft } from './battle-draft.js';
import { mercy } from './rules.js';

/**
 * Removes hit points and credits the damage to its source. Only lost hit points count, so that all damage dealt in a
 * battle equals all damage taken.
 *
 * @returns the hit points lost.
 */
export function wound(
  draft: BattleDraft,
  sourceId: string,
  targetId: string,
  damage: number,
  hit: { readonly kind: Hit['kind']; readonly damage_type: DamageType },
): number {
  const target = draft.get(targetId);
  const lost = Math.min(target.hp, damage);
  if (lost <= 0) return 0;
  draft.hit({ targetId, kind: hit.kind, amount: lost, damage_type: hit.damage_type });
  draft.update(targetId, { hp: target.hp - lost, damage_taken: target.damage_taken + lost });
  const source = draft.get(sourceId);
  draft.update(sourceId, { damage_dealt: source.damage_dealt + lost });
  if (lost === target.hp) fall(draft, target, sourceId);
  return lost;
}

/**
 * Restores hit points. Vitality, the maximum and the tick of the battle limit them.
 *
 * @returns the hit points gained.
 */
export function heal(
  draft: BattleDraft,
  sourceId: string,
  targetId: string,
  amount: number,
  { silent = false }: { readonly silent?: boolean } = {},
): number {
  const target = draft.get(targetId);
  if (target.hp === 0) return 0;
  const possible = Math.floor((amount * target.vitality * mercy(draft.tick)) / 10_000);
  const gained = Math.min(target.max_hp - target.hp, possible);
  if (gained <= 0) return 0;
  if (!silent) draft.hit({ targetId, kind: 'heal', amount: gained });
  draft.update(targetId, { hp: target.hp + gained });
  const source = draft.get(sourceId);
  draft.update(sourceId, { healing_done: source.healing_done + gained });
  return gained;
}

function fall(draft: BattleDraft, fallen: Combatant, killerId: string): void {
  draft.update(fallen.id, { action_points: 0, dots: [], hots: [] });
  draft.update(killerId, { kills: draft.get(killerId).kills + 1 });
  draft.write('death', `${fallen.name} falls.`);
}

import type { Combatant, DamageType } from '@statewire/arena';

import type { BattleDraft } from './battle-draft.js';
import { SECOND } from './rules.js';
import { heal, wound } from './wounds.js';

/** Regain, damage and healing over time of one combatant at this tick. `index` spreads the pulses over the second. */
export function pulse(draft: BattleDraft, id: string, index: number): void {
  const { regain, hp, max_hp } = draft.get(id);
  if (regain > 0 && hp < max_hp && (draft.tick + index) % SECOND === 0) heal(draft, id, id, regain, { silent: true });
  pulseHots(draft, id);
  pulseDots(draft, id);
}

export function addDot(
  draft: BattleDraft,
  source: Combatant,
  targetId: string,
  dot: { readonly name: string; readonly damage_type: DamageType; readonly damage: number; readonly pulses: number },
): void {
  const target = draft.get(targetId);
  if (target.hp === 0) return;
  const { pulses, ...rest } = dot;
  const id = `${dot.name.toLowerCase()}-${source.id}`;
  const timing = { nextAt: draft.tick + SECOND, endsAt: draft.tick + pulses * SECOND };
  const others = target.dots.filter((one) => one.id !== id);
  draft.update(targetId, { dots: [...others, { id, ...rest, ...timing, sourceId: source.id }] });
}

export function addHot(
  draft: BattleDraft,
  source: Combatant,
  targetId: string,
  hot: { readonly name: string; readonly heal: number; readonly pulses: number },
): void {
  const target = draft.get(targetId);
  const { pulses, ...rest } = hot;
  const id = `${hot.name.toLowerCase()}-${source.id}`;
  const timing = { nextAt: draft.tick + SECOND, endsAt: draft.tick + pulses * SECOND };
  const others = target.hots.filter((one) => one.id !== id);
  draft.update(targetId, { hots: [...others, { id, ...rest, ...timing, sourceId: source.id }] });
}

function pulseHots(draft: BattleDraft, id: string): void {
  const due = draft.get(id).hots.filter((hot) => hot.nextAt <= draft.tick);
  if (due.length === 0) return;
  for (const hot of due) heal(draft, hot.sourceId, id, hot.heal);
  draft.update(id, { hots: moveOn(draft.get(id).hots, draft.tick) });
}

function pulseDots(draft: BattleDraft, id: string): void {
  const due = draft.get(id).dots.filter((dot) => dot.nextAt <= draft.tick);
  if (due.length === 0) return;
  for (const dot of due) wound(draft, dot.sourceId, id, dot.damage, { kind: 'dot', damage_type: dot.damage_type });
  draft.update(id, { dots: moveOn(draft.get(id).dots, draft.tick) });
}

function moveOn<T extends { readonly nextAt: number; readonly endsAt: number }>(
  effects: readonly T[],
  tick: number,
): T[] {
  return effects
    .map((effect) => (effect.nextAt <= tick ? { ...effect, nextAt: effect.nextAt + SECOND } : effect))
    .filter((effect) => effect.nextAt <= effect.endsAt);
}

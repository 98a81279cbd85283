import type { Combatant } from '@statewire/arena';

/** How far a fighter is on the way to its next action, 0–1. A fallen one is nowhere. */
export function readiness({ hp, readyAt, cadence }: Combatant, tick: number): number {
  if (hp <= 0 || cadence <= 0) return 0;
  return Math.min(1, Math.max(0, 1 - (readyAt - tick) / cadence));
}

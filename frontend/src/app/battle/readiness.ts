import type { Combatant } from '@statewire/arena';

/** Returns how close a fighter is to its next action, from 0 to 1. A fallen fighter has 0. */
export function readiness({ hp, readyAt, cadence }: Combatant, tick: number): number {
  if (hp <= 0 || cadence <= 0) return 0;
  return Math.min(1, Math.max(0, 1 - (readyAt - tick) / cadence));
}

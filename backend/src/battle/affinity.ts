import type { DamageType } from '@statewire/arena';

/** The types that each type is strong against. Light and Dark are strong against each other. */
const BEATS: Readonly<Record<DamageType, DamageType>> = {
  Fire: 'Ice',
  Ice: 'Wind',
  Wind: 'Lightning',
  Lightning: 'Fire',
  Light: 'Dark',
  Dark: 'Light',
};

/** Percent of normal damage that an attack of one type does to a combatant of another. */
export function affinity(attack: DamageType, target: DamageType): number {
  if (BEATS[attack] === target) return 125;
  return BEATS[target] === attack ? 80 : 100;
}

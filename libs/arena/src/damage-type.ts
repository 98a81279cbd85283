/** The type of an attack. A combatant is strong against some types. */
export const DAMAGE_TYPES = ['Fire', 'Ice', 'Lightning', 'Light', 'Dark', 'Wind'] as const;

export type DamageType = (typeof DAMAGE_TYPES)[number];

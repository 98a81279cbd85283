/** Every attack has one; a combatant is strong against some of them. */
export const DAMAGE_TYPES = ['Fire', 'Ice', 'Lightning', 'Light', 'Dark', 'Wind'] as const;

export type DamageType = (typeof DAMAGE_TYPES)[number];

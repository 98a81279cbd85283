import type { Combatant, Passive } from '@statewire/arena';

/** The effects of all passives, by name. */
export const PASSIVES = {
  guardian: { name: 'Guardian', text: 'Foes attack this one far more often.' },
  thorns: { name: 'Thorns', text: 'Returns 15 % of the damage of every attack.' },
  leech: { name: 'Leech', text: 'Heals for 15 % of the damage it deals.' },
  ember: { name: 'Ember edge', text: 'One attack in four sets the target on fire.' },
  venom: { name: 'Venom', text: 'One attack in four poisons the target.' },
  swift: { name: 'Swift', text: 'Acts first, and 10 % more often.' },
  focus: { name: 'Focus', text: 'Every critical hit gives one more action point.' },
  executioner: { name: 'Executioner', text: 'Deals 30 % more to targets below a third of their health.' },
} as const satisfies Record<string, Omit<Passive, 'id'>>;

export type PassiveId = keyof typeof PASSIVES;

export function passive(id: PassiveId): Passive {
  return { id, ...PASSIVES[id] };
}

export function has(combatant: Pick<Combatant, 'passives'>, id: PassiveId): boolean {
  return combatant.passives.some((one) => one.id === id);
}

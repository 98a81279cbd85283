import type { DamageType } from '@statewire/arena';

/** Whom an effect of a special reaches. */
export type Reach = 'one' | 'weakest' | 'three' | 'all';

/** Power and shares are percent of `atk`. */
export type SpecialEffect =
  | {
      readonly type: 'strike';
      readonly reach: Reach;
      readonly power: number;
      /** Percent of the damage that comes back as health. */
      readonly drain?: number;
      /** Ticks by which the target's next action is put off. */
      readonly slow?: number;
      readonly dot?: {
        readonly name: string;
        readonly damage_type: DamageType;
        readonly power: number;
        readonly pulses: number;
      };
    }
  | {
      readonly type: 'heal';
      readonly reach: Extract<Reach, 'weakest' | 'all'>;
      readonly power: number;
      readonly hot?: { readonly name: string; readonly power: number; readonly pulses: number };
    };

export interface Special {
  readonly name: string;
  readonly effects: readonly SpecialEffect[];
}

const CLEAVE: Special = { name: 'Cleave', effects: [{ type: 'strike', reach: 'three', power: 90 }] };
const FRENZY: Special = { name: 'Frenzy', effects: [{ type: 'strike', reach: 'one', power: 190 }] };

/** By the kind of the combatant. */
const SPECIALS: Readonly<Record<string, Special>> = {
  knight: {
    name: 'Oathshield',
    effects: [
      { type: 'strike', reach: 'one', power: 130, slow: 6 },
      { type: 'heal', reach: 'weakest', power: 60, hot: { name: 'Resolve', power: 15, pulses: 3 } },
    ],
  },
  pyromancer: {
    name: 'Firestorm',
    effects: [
      {
        type: 'strike',
        reach: 'all',
        power: 60,
        dot: { name: 'Burn', damage_type: 'Fire', power: 12, pulses: 4 },
      },
    ],
  },
  cleric: {
    name: 'Dawnsong',
    effects: [{ type: 'heal', reach: 'all', power: 90, hot: { name: 'Renewal', power: 18, pulses: 4 } }],
  },
  ranger: { name: 'Heartseeker', effects: [{ type: 'strike', reach: 'weakest', power: 230 }] },
  stormcaller: { name: 'Chain lightning', effects: [{ type: 'strike', reach: 'three', power: 110 }] },
  shade: { name: 'Soul drain', effects: [{ type: 'strike', reach: 'one', power: 170, drain: 50 }] },
  frostblade: { name: 'Deep freeze', effects: [{ type: 'strike', reach: 'one', power: 170, slow: 14 }] },

  wolf: FRENZY,
  bandit: CLEAVE,
  wisp: { name: 'Flicker', effects: [{ type: 'strike', reach: 'three', power: 75 }] },
  ghoul: { name: 'Feast', effects: [{ type: 'strike', reach: 'weakest', power: 140, drain: 60 }] },
  shaman: {
    name: 'Mending chant',
    effects: [{ type: 'heal', reach: 'all', power: 60, hot: { name: 'Chant', power: 10, pulses: 3 } }],
  },
  harpy: { name: 'Gale', effects: [{ type: 'strike', reach: 'all', power: 45, slow: 3 }] },

  lich: {
    name: 'Winter of souls',
    effects: [
      {
        type: 'strike',
        reach: 'all',
        power: 55,
        dot: { name: 'Frostbite', damage_type: 'Ice', power: 8, pulses: 4 },
      },
    ],
  },
  dragon: {
    name: 'Dragonfire',
    effects: [
      {
        type: 'strike',
        reach: 'all',
        power: 65,
        dot: { name: 'Burn', damage_type: 'Fire', power: 7, pulses: 4 },
      },
    ],
  },
  titan: { name: 'Earthshatter', effects: [{ type: 'strike', reach: 'three', power: 105, slow: 8 }] },
};

/** Kinds without one of their own hit harder. */
export function specialOf(kind: string): Special {
  return SPECIALS[kind] ?? FRENZY;
}

import type { PartyMember } from '@statewire/arena';

import { passive } from '../battle/passives.js';
import type { Random } from '../battle/random.js';

const NAMES = [
  'Aldric', 'Brakka', 'Cyra', 'Dain', 'Elowen', 'Fenn', 'Gisla', 'Hale', 'Isolde', 'Joran', 'Kaida', 'Liora',
  'Maren', 'Nyx', 'Orin', 'Petra', 'Quill', 'Rhea', 'Soren', 'Talia', 'Ulric', 'Vesna', 'Wren', 'Ysolt',
] as const; // prettier-ignore

type Hero = Omit<PartyMember, 'name' | 'hp'>;

const COMMON = { crit_rate: 12, crit_damage: 160, vitality: 100, max_action_points: 4 } as const;

/** Classes of the front line. Every party has one of them. */
const GUARDS: readonly Hero[] = [
  {
    ...COMMON,
    kind: 'knight',
    max_hp: 360,
    atk: 26,
    defense: 45,
    dodge_odds: 4,
    damage_type: 'Light',
    regain: 3,
    cadence: 19,
    passives: [passive('guardian'), passive('thorns')],
  },
  {
    ...COMMON,
    kind: 'frostblade',
    max_hp: 320,
    atk: 30,
    defense: 38,
    dodge_odds: 8,
    damage_type: 'Ice',
    regain: 2,
    cadence: 18,
    passives: [passive('guardian'), passive('swift')],
  },
];

const CLERIC: Hero = {
  ...COMMON,
  kind: 'cleric',
  max_hp: 250,
  atk: 24,
  defense: 25,
  dodge_odds: 6,
  damage_type: 'Light',
  regain: 4,
  vitality: 115,
  cadence: 19,
  max_action_points: 3,
  passives: [passive('focus')],
};

const STRIKERS: readonly Hero[] = [
  {
    ...COMMON,
    kind: 'pyromancer',
    max_hp: 230,
    atk: 36,
    defense: 18,
    dodge_odds: 6,
    damage_type: 'Fire',
    regain: 1,
    cadence: 21,
    passives: [passive('ember'), passive('focus')],
  },
  {
    ...COMMON,
    kind: 'ranger',
    max_hp: 240,
    atk: 31,
    defense: 20,
    crit_rate: 24,
    dodge_odds: 14,
    damage_type: 'Wind',
    regain: 2,
    cadence: 16,
    passives: [passive('swift'), passive('focus')],
  },
  {
    ...COMMON,
    kind: 'stormcaller',
    max_hp: 235,
    atk: 34,
    defense: 19,
    dodge_odds: 8,
    damage_type: 'Lightning',
    regain: 1,
    cadence: 20,
    passives: [passive('swift'), passive('focus')],
  },
  {
    ...COMMON,
    kind: 'shade',
    max_hp: 245,
    atk: 33,
    defense: 22,
    crit_rate: 18,
    dodge_odds: 16,
    damage_type: 'Dark',
    regain: 1,
    cadence: 17,
    passives: [passive('leech'), passive('executioner')],
  },
];

/** Creates four heroes: one for the front line, one healer and two attackers. */
export function recruitParty(random: Random): readonly PartyMember[] {
  const heroes = [random.pick(GUARDS), CLERIC, ...random.sample(STRIKERS, 2)];
  const names = random.sample(NAMES, heroes.length);
  return heroes.map((hero, index) => ({ name: names[index] ?? hero.kind, hp: hero.max_hp, ...hero }));
}

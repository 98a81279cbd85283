import type { PartyMember } from '@statewire/arena';

import type { FoeTemplate } from '../battle/create-battle.js';
import { passive } from '../battle/passives.js';
import type { Random } from '../battle/random.js';

type Beast = Omit<FoeTemplate, 'name' | 'hp' | 'rank'> & { readonly names: readonly string[] };

const COMMON = { crit_rate: 8, crit_damage: 150, vitality: 100, regain: 1, max_action_points: 4 } as const;

const BEASTS: readonly Beast[] = [
  {
    ...COMMON,
    kind: 'wolf',
    names: ['Grey wolf', 'Dire wolf', 'Frost wolf'],
    max_hp: 320,
    atk: 20,
    defense: 14,
    dodge_odds: 10,
    damage_type: 'Ice',
    cadence: 17,
    passives: [passive('executioner'), passive('swift')],
  },
  {
    ...COMMON,
    kind: 'bandit',
    names: ['Cutpurse', 'Marauder', 'Hedge knight'],
    max_hp: 350,
    atk: 21,
    defense: 24,
    dodge_odds: 8,
    damage_type: 'Wind',
    cadence: 19,
    passives: [passive('venom'), passive('executioner')],
  },
  {
    ...COMMON,
    kind: 'wisp',
    names: ['Will-o-wisp', 'Storm wisp', 'Marsh light'],
    max_hp: 260,
    atk: 23,
    defense: 10,
    dodge_odds: 20,
    damage_type: 'Lightning',
    cadence: 18,
    passives: [passive('swift'), passive('focus')],
  },
  {
    ...COMMON,
    kind: 'ghoul',
    names: ['Ghoul', 'Grave hound', 'Carrion eater'],
    max_hp: 380,
    atk: 19,
    defense: 18,
    dodge_odds: 4,
    damage_type: 'Dark',
    cadence: 20,
    passives: [passive('leech'), passive('guardian')],
  },
  {
    ...COMMON,
    kind: 'shaman',
    names: ['Bog shaman', 'Ember shaman', 'Bone singer'],
    max_hp: 300,
    atk: 18,
    defense: 16,
    dodge_odds: 6,
    damage_type: 'Fire',
    cadence: 21,
    passives: [passive('ember'), passive('focus')],
  },
  {
    ...COMMON,
    kind: 'harpy',
    names: ['Harpy', 'Cliff harpy', 'Screecher'],
    max_hp: 290,
    atk: 20,
    defense: 12,
    dodge_odds: 16,
    damage_type: 'Wind',
    cadence: 16,
    passives: [passive('swift'), passive('venom')],
  },
];

const BOSSES: readonly Beast[] = [
  {
    ...COMMON,
    kind: 'lich',
    names: ['Velkar the Unburied', 'Morvane, Keeper of Winters'],
    max_hp: 650,
    atk: 34,
    defense: 34,
    dodge_odds: 6,
    damage_type: 'Dark',
    regain: 4,
    cadence: 16,
    passives: [passive('leech'), passive('venom')],
  },
  {
    ...COMMON,
    kind: 'dragon',
    names: ['Ashmaw', 'Cindertongue the Old'],
    max_hp: 710,
    atk: 37,
    defense: 40,
    dodge_odds: 3,
    damage_type: 'Fire',
    regain: 3,
    cadence: 19,
    passives: [passive('ember'), passive('thorns')],
  },
  {
    ...COMMON,
    kind: 'titan',
    names: ['Gorm the Sleepless', 'The Colossus of Hray'],
    max_hp: 760,
    atk: 39,
    defense: 46,
    dodge_odds: 0,
    damage_type: 'Lightning',
    regain: 3,
    cadence: 22,
    passives: [passive('guardian'), passive('thorns')],
  },
];

/** Percent by which foes get stronger with each room. */
const GROWTH = 6;

/** Returns the foes of a battle room: four beasts, stronger in deeper rooms. */
export function encounter(random: Random, depth: number): readonly FoeTemplate[] {
  return Array.from({ length: 4 }, () => summon(random.pick(BEASTS), 'normal', depth, random)).map(numbered);
}

/** Returns a boss and its three servants. */
export function bossEncounter(random: Random): readonly FoeTemplate[] {
  const servants = random.sample(BEASTS, 3).map((beast) => summon(beast, 'normal', 0, random));
  return [summon(random.pick(BOSSES), 'boss', 0, random), ...servants].map(numbered);
}

function summon({ names, ...beast }: Beast, rank: FoeTemplate['rank'], depth: number, random: Random): FoeTemplate {
  const grow = (value: number) => Math.round((value * (100 + GROWTH * depth)) / 100);
  const max_hp = grow(beast.max_hp);
  return { ...beast, name: random.pick(names), rank, max_hp, hp: max_hp, atk: grow(beast.atk) };
}

/** Numbers foes with the same name in one room, so that the log can distinguish them. */
function numbered<T extends PartyMember>(one: T, index: number, all: readonly T[]): T {
  const same = all.filter(({ name }) => name === one.name);
  return same.length === 1
    ? one
    : { ...one, name: `${one.name} ${all.slice(0, index + 1).filter(({ name }) => name === one.name).length}` };
}

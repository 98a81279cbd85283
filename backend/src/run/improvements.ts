import type { Card, PartyMember, Relic } from '@statewire/arena';

import { passive, PASSIVES, type PassiveId } from '../battle/passives.js';
import type { Random } from '../battle/random.js';

type Stat = 'max_hp' | 'atk' | 'defense' | 'crit_rate' | 'crit_damage' | 'dodge_odds' | 'regain' | 'vitality';

/** The effect of a card or relic on a member of the party. */
interface Improvement {
  readonly stats?: Readonly<Partial<Record<Stat, number>>>;
  readonly passive?: PassiveId;
}

interface CardType extends Improvement {
  readonly id: string;
  readonly name: string;
  readonly rarity: Card['rarity'];
}

const CARDS: readonly CardType[] = [
  { id: 'whetstone', name: 'Whetstone', rarity: 'common', stats: { atk: 6 } },
  { id: 'padded-mail', name: 'Padded mail', rarity: 'common', stats: { defense: 12 } },
  { id: 'hearty-meal', name: 'Hearty meal', rarity: 'common', stats: { max_hp: 50 } },
  { id: 'light-boots', name: 'Light boots', rarity: 'common', stats: { dodge_odds: 6 } },
  { id: 'keen-eye', name: 'Keen eye', rarity: 'common', stats: { crit_rate: 10 } },
  { id: 'troll-blood', name: 'Troll blood', rarity: 'rare', stats: { regain: 4, max_hp: 30 } },
  { id: 'duelist', name: 'Duelist', rarity: 'rare', stats: { crit_rate: 8, crit_damage: 35 } },
  { id: 'ember-rune', name: 'Ember rune', rarity: 'rare', stats: { atk: 3 }, passive: 'ember' },
  { id: 'thorn-cloak', name: 'Thorn cloak', rarity: 'rare', stats: { defense: 6 }, passive: 'thorns' },
  { id: 'blood-pact', name: 'Blood pact', rarity: 'epic', stats: { atk: 5 }, passive: 'leech' },
  { id: 'headsman', name: 'Headsman', rarity: 'epic', stats: { atk: 5 }, passive: 'executioner' },
  { id: 'dragon-heart', name: 'Dragon heart', rarity: 'epic', stats: { max_hp: 80, atk: 6 } },
];

const RELICS: readonly (Improvement & Pick<Relic, 'id' | 'name'>)[] = [
  { id: 'sun-disc', name: 'Sun disc', stats: { vitality: 15 } },
  { id: 'iron-crown', name: 'Iron crown', stats: { defense: 8 } },
  { id: 'war-drum', name: 'War drum', stats: { atk: 3 } },
  { id: 'phoenix-ash', name: 'Phoenix ash', stats: { regain: 2 } },
  { id: 'giants-belt', name: 'Giant’s belt', stats: { max_hp: 30 } },
  { id: 'cat-mask', name: 'Cat mask', stats: { dodge_odds: 4 } },
  { id: 'loaded-die', name: 'Loaded die', stats: { crit_rate: 6 } },
];

const STAT_NAMES: Readonly<Record<Stat, string>> = {
  max_hp: 'health',
  atk: 'attack',
  defense: 'defense',
  crit_rate: '% critical odds',
  crit_damage: '% critical damage',
  dodge_odds: '% dodge odds',
  regain: 'health per second',
  vitality: '% healing received',
};

export const CARD_PRICES: Readonly<Record<Card['rarity'], number>> = { common: 25, rare: 45, epic: 70 };
export const RELIC_PRICE = 60;

/** Returns cards for members of this party. A passive is offered only to members without it. */
export function drawCards(random: Random, party: readonly PartyMember[], count: number): readonly Card[] {
  return random.sample(CARDS, count).map((type) => {
    const lacking = party.filter(({ passives }) => !passives.some(({ id }) => id === type.passive));
    const member = random.pick(lacking.length > 0 ? lacking : party).name;
    return { id: type.id, name: type.name, text: describe(type), rarity: type.rarity, member };
  });
}

/** Returns the relics that the run does not have yet. */
export function drawRelics(random: Random, owned: readonly Relic[], count: number): readonly Relic[] {
  const left = RELICS.filter(({ id }) => !owned.some((relic) => relic.id === id));
  return random
    .sample(left, count)
    .map((type) => ({ id: type.id, name: type.name, text: `${describe(type)} for everybody` }));
}

export function applyCard(party: readonly PartyMember[], card: Card): readonly PartyMember[] {
  const improvement = CARDS.find(({ id }) => id === card.id);
  return party.map((member) => (improvement && member.name === card.member ? improve(member, improvement) : member));
}

export function applyRelic(party: readonly PartyMember[], relic: Relic): readonly PartyMember[] {
  const improvement = RELICS.find(({ id }) => id === relic.id);
  return improvement ? party.map((member) => improve(member, improvement)) : party;
}

/** Training in a rest room. */
export function train(party: readonly PartyMember[]): readonly PartyMember[] {
  return party.map((member) => improve(member, { stats: { atk: 2, max_hp: 15 } }));
}

function improve(member: PartyMember, { stats = {}, passive: added }: Improvement): PartyMember {
  const improved = { ...member };
  for (const [stat, amount] of Object.entries(stats) as [Stat, number][]) improved[stat] += amount;
  improved.hp += stats.max_hp ?? 0;
  const isNew = added !== undefined && !member.passives.some(({ id }) => id === added);
  return isNew ? { ...improved, passives: [...member.passives, passive(added)] } : improved;
}

function describe({ stats = {}, passive: added }: Improvement): string {
  const parts = (Object.entries(stats) as [Stat, number][]).map(([stat, amount]) => `+${amount} ${STAT_NAMES[stat]}`);
  return [...parts, ...(added ? [PASSIVES[added].name] : [])].join(', ');
}

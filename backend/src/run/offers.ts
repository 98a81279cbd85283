import type { Offer, RunSnapshot } from '@statewire/arena';

import type { Random } from '../battle/random.js';
import { CARD_PRICES, drawCards, drawRelics, RELIC_PRICE } from './improvements.js';

/** Percent of won battles that offer a relic in addition to cards. */
const RELIC_ODDS = 30;

/** Returns three offers: cards, sometimes a relic. */
export function rewardOffers(random: Random, { party, relics }: RunSnapshot): readonly Offer[] {
  const found = random.chance(RELIC_ODDS) ? drawRelics(random, relics, 1) : [];
  return numbered([
    ...drawCards(random, party, 3 - found.length).map((card) => ({ kind: 'card', card, price: 0 }) as const),
    ...found.map((relic) => ({ kind: 'relic', relic, price: 0 }) as const),
  ]);
}

export function shopOffers(random: Random, { party, relics }: RunSnapshot): readonly Offer[] {
  return numbered([
    ...drawCards(random, party, 3).map((card) => ({ kind: 'card', card, price: CARD_PRICES[card.rarity] }) as const),
    ...drawRelics(random, relics, 1).map((relic) => ({ kind: 'relic', relic, price: RELIC_PRICE }) as const),
  ]);
}

/** Percent of its health that a member regains in a rest. */
export const REST_HEAL = 50;

export function restOffers(): readonly Offer[] {
  return numbered([
    { kind: 'heal', name: 'Rest', text: `Everybody gets back ${REST_HEAL} % of their health.`, price: 0 },
    { kind: 'train', name: 'Train', text: 'Everybody gets +2 attack and +15 health.', price: 0 },
  ]);
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

function numbered(offers: readonly WithoutId<Offer>[]): readonly Offer[] {
  return offers.map((offer, index) => ({ id: `offer-${index + 1}`, ...offer }));
}

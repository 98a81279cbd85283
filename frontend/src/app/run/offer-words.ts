import type { Offer } from '@statewire/arena';

import type { IconName } from '../ui/icon-paths';

export interface OfferWords {
  readonly name: string;
  readonly text: string;
  /** The kind of the offer. */
  readonly sort: string;
  readonly icon: IconName;
  readonly rarity: 'common' | 'rare' | 'epic';
  /** The member of the party that gets it; undefined for all of them. */
  readonly member?: string;
}

/** Returns the text of a card for any offer. */
export function offerWords(offer: Offer): OfferWords {
  switch (offer.kind) {
    case 'card':
      return {
        name: offer.card.name,
        text: offer.card.text,
        sort: `${offer.card.rarity} card`,
        icon: 'card',
        rarity: offer.card.rarity,
        member: offer.card.member,
      };
    case 'relic':
      return { name: offer.relic.name, text: offer.relic.text, sort: 'relic', icon: 'relic', rarity: 'epic' };
    case 'heal':
      return { name: offer.name, text: offer.text, sort: 'rest', icon: 'heart', rarity: 'common' };
    case 'train':
      return { name: offer.name, text: offer.text, sort: 'training', icon: 'train', rarity: 'common' };
  }
}

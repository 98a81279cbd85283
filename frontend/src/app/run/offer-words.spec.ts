import { expect, test } from '@jest/globals';
import type { Offer } from '@statewire/arena';

import { cardOffer } from '../../testing/samples';
import { offerWords } from './offer-words';

test.each<[Offer, string, string]>([
  [cardOffer(), 'Headsman', 'epic card'],
  [{ id: 'o', price: 30, kind: 'relic', relic: { id: 'r', name: 'Phoenix ash', text: '' } }, 'Phoenix ash', 'relic'],
  [{ id: 'o', price: 0, kind: 'heal', name: 'Sleep', text: '' }, 'Sleep', 'rest'],
  [{ id: 'o', price: 0, kind: 'train', name: 'Drill', text: '' }, 'Drill', 'training'],
])('%j is called %s and is a %s', (offer, name, sort) => {
  expect(offerWords(offer)).toMatchObject({ name, sort });
});

/** Improves one member of the party for the rest of the run. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly rarity: 'common' | 'rare' | 'epic';
  /** Name of the member it is for. */
  readonly member: string;
}

/** Improves the whole party for the rest of the run. */
export interface Relic {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

interface OfferBase {
  /** Unique among the offers of a room. */
  readonly id: string;
  /** In gold; 0 for rewards and in rest rooms. */
  readonly price: number;
}

export interface CardOffer extends OfferBase {
  readonly kind: 'card';
  readonly card: Card;
}

export interface RelicOffer extends OfferBase {
  readonly kind: 'relic';
  readonly relic: Relic;
}

/** Rest rooms: what the party does with its time. */
export interface RestOffer extends OfferBase {
  readonly kind: 'heal' | 'train';
  readonly name: string;
  readonly text: string;
}

/** Something that may be picked: one of a reward or of a rest room, as many as gold allows in a shop. */
export type Offer = CardOffer | RelicOffer | RestOffer;

/** Improves one member of the party for the rest of the run. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly rarity: 'common' | 'rare' | 'epic';
  /** Name of the member that gets it. */
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

/** An offer of a rest room. */
export interface RestOffer extends OfferBase {
  readonly kind: 'heal' | 'train';
  readonly name: string;
  readonly text: string;
}

/** An offer of a room. A reward and a rest room allow one offer, a shop as many as the player can pay for. */
export type Offer = CardOffer | RelicOffer | RestOffer;

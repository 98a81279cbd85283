/** Who acts: what a token says, and what guards and handlers see as the user. */
export interface Player {
  readonly playerId: string;
  readonly name: string;
}

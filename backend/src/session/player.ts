/** The player of a token. Guards and handlers get it as the user. */
export interface Player {
  readonly playerId: string;
  readonly name: string;
}

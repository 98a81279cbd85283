/** A request of a player that breaks the rules of the game. The message is for that player. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

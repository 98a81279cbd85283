/** The rules of the game refuse what a player asked for; the message is for that player. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

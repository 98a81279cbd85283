/** An error in the contract: a malformed pattern or name, or a parameter that is not a valid segment. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

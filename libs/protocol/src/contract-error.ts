/** An error in the contract: a malformed pattern or name, or a parameter that is not a valid segment. */
export class ContractError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'ContractError';
}

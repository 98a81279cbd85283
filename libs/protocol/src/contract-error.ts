/** A contract that cannot work: a malformed pattern or name, or a parameter that does not fit a segment. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

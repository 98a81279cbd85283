import type { BrokerContext } from '@statewire/nest';

/** The `history` option as the functions of the schema take it. */
export function limitsOf({ ageMs, bytes, count }: BrokerContext['history']): string {
  return `(${count},${bytes},${Math.ceil(ageMs)})`;
}

/** Deltas above a keyframe, so that the limit of count removes none of them. */
export function longestChain({ count }: BrokerContext['history']): number {
  return count === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(count / 2);
}

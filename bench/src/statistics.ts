import { percentile } from './percentile.js';

/** The middle of some samples, and the range that holds eight of ten. */
export interface Band {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

export function bandOf(samples: readonly number[]): Band {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: medianOf(sorted), p10: percentile(sorted, 0.1), p90: percentile(sorted, 0.9) };
}

/** The middle one of sorted samples, or the mean of the two in the middle: few rounds must not favour the lower one. */
function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Returns the items in a random order, so that none profits from its place. */
export function shuffled<T>(items: readonly T[], random = Math.random): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

import { percentile } from './percentile.js';

/** The middle of some samples, and the range that holds eight of ten. */
export interface Band {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

export function bandOf(samples: readonly number[]): Band {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), p10: percentile(sorted, 0.1), p90: percentile(sorted, 0.9) };
}

/** Returns the items in a random order, so that none profits from its place. */
export function shuffled<T>(items: readonly T[], random = Math.random): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

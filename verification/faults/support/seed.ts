import { mulberry32 } from '../../../tools/lib/random.mjs';

export interface Seeded {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** An integer, both ends included. */
  readonly between: (low: number, high: number) => number;
}

/** Randomness of one test. It grows from `STATEWIRE_SEED`, which every run has. */
export function seeded(): Seeded {
  const random = mulberry32(Number(process.env.STATEWIRE_SEED));
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  return { random, between, pick: (list) => list[between(0, list.length - 1)]! };
}

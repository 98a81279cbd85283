import { Random } from '../../src/battle/random.js';

export interface Seeded {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  pick<T>(list: readonly T[]): T;
  between(low: number, high: number): number;
}

/** Randomness of one test. It grows from `STATEWIRE_SEED`, which every run has. */
export function seeded(): Seeded {
  const random = new Random(Number(process.env.STATEWIRE_SEED) % 2 ** 31);
  return {
    random: () => random.next() / 2 ** 32,
    pick: (list) => random.pick(list),
    between: (low, high) => random.between(low, high),
  };
}

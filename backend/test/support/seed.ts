import { Random } from '../../src/battle/random.js';

export interface Seeded {
  readonly seed: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  pick<T>(list: readonly T[]): T;
  between(low: number, high: number): number;
}

/** Randomness of one test: from `STATEWIRE_SEED`, or anew. The seed is printed, so that a failure can be run again. */
export function seeded(test: string): Seeded {
  const given = process.env.STATEWIRE_SEED;
  const seed = (given ? Number(given) : Date.now()) % 2 ** 31;
  process.stdout.write(`${test}: STATEWIRE_SEED=${seed}\n`);
  const random = new Random(seed);
  return {
    seed,
    random: () => random.next() / 2 ** 32,
    pick: (list) => random.pick(list),
    between: (low, high) => random.between(low, high),
  };
}

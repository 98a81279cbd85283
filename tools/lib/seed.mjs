import { randomInt } from 'node:crypto';

const LIMIT = 2 ** 31;

/** Returns `STATEWIRE_SEED`, or a fresh seed where it is not set. */
export function readSeed() {
  const given = process.env.STATEWIRE_SEED;
  return given ? Number(given) % LIMIT : randomInt(LIMIT);
}

/**
 * The environment that fixes the seed of a run of all tests. CI chooses one seed for all projects. Elsewhere each project
 * chooses its own, so that Nx can take the results of unchanged projects from its cache.
 */
export function chosenSeed() {
  if (!process.env.CI && !process.env.STATEWIRE_SEED) return {};
  const seed = String(readSeed());
  console.log(`STATEWIRE_SEED=${seed}`);
  return { STATEWIRE_SEED: seed };
}

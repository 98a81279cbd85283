import { randomInt } from 'node:crypto';

const LIMIT = 2 ** 31;

/** `STATEWIRE_SEED`, or a fresh one. */
export function readSeed() {
  const given = process.env.STATEWIRE_SEED;
  return given ? Number(given) % LIMIT : randomInt(LIMIT);
}

/**
 * What a run of the tests gets as its seed. Only in CI another one each time: elsewhere results of unchanged projects
 * are taken from the cache, which a new seed would miss.
 */
export function chosenSeed() {
  if (!process.env.CI && !process.env.STATEWIRE_SEED) return {};
  const seed = String(readSeed());
  console.log(`STATEWIRE_SEED=${seed} (set it to run the same again)`);
  return { STATEWIRE_SEED: seed };
}

import { expect, test } from '@jest/globals';

import { diff } from '../src/index.js';
import { project, seeded } from './support/battle.js';
import { assertExact } from './support/delta-laws.js';
import { mutate, randomValue } from './support/random-json.js';

const PAIRS = 1_000_000;

test(`F1: the delta is exact for ${PAIRS} random pairs, half of them edits of one another`, () => {
  const seed = Number(process.env.STATEWIRE_SEED);
  for (let pair = 0; pair < PAIRS; pair++) {
    const random = seeded(seed + pair * 7919);
    for (let warmUp = 0; warmUp < 4; warmUp++) random();
    const before = randomValue(random, 4);
    const after = project(pair % 2 === 0 ? mutate(random, before, 1 + (pair % 5)) : randomValue(random, 4));
    try {
      assertExact(before, after);
    } catch (cause) {
      const found = JSON.stringify({ before, after, delta: diff(before, after) });
      throw new Error(`STATEWIRE_SEED=${seed}, pair ${pair}: ${found}`, { cause });
    }
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

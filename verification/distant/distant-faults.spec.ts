import { describe, test } from '@jest/globals';

import fc from 'fast-check';

import { DISTANT_FAULTS } from './faults.js';
import { randomFaults } from './random-faults.js';

const IS_FULL = process.env['STATEWIRE_TEST_TIER'] === 'full';

describe('R14: nodes that share a distant broker keep every guarantee', () => {
  test.each(DISTANT_FAULTS.map(({ name, run }) => [name, run] as const))('after %s', async (_, run) => {
    await run();
  });

  test('after random faults', async () => {
    await fc.assert(randomFaults(), { numRuns: IS_FULL ? 3_000 : 30 });
  });
});

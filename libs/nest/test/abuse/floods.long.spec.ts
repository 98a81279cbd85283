import { expect, test } from '@jest/globals';

import { measureFlood } from './floods.js';

/** The target. */
const RATIO = 1.2;

test('A11: 10 of 1,000 clients that flood are closed with 4100, and make the p99 of others at most 1.2 times as long', async () => {
  const result = await measureFlood({
    ...{ clients: 1_000, flooders: 10, publications: 10, rounds: 7 },
    until: { ratio: RATIO, rounds: 14 },
  });
  const { delivered, expected, closed, quietP99, floodP99, ratio, pairs } = result;
  const p99 = `p99 ${quietP99.toFixed(1)} ms without a flood, ${floodP99.toFixed(1)} ms with it`;
  process.stdout.write(`A11: ${p99}: ${ratio.toFixed(2)} times, the median of ${pairs} pairs of rounds\n`);
  expect(closed).toEqual(Array(10 * pairs).fill(4100));
  expect(delivered).toBe(expected);
  expect(ratio).toBeLessThanOrEqual(RATIO);
}, 240_000);

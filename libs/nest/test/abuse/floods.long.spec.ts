import { expect, test } from '@jest/globals';

import { measureFlood } from './floods.js';

/** The target; medians of rounds in turn, since each alone is at the mercy of the machine. */
const RATIO = 1.2;

test('A11: 10 of 1,000 clients that flood are closed with 4100, and make the p99 of others at most 1.2 times as long', async () => {
  const result = await measureFlood({ clients: 1_000, flooders: 10, publications: 10, rounds: 7 });
  const { delivered, expected, closed, quietP99, floodP99 } = result;
  process.stdout.write(`A11: p99 ${quietP99.toFixed(1)} ms without a flood, ${floodP99.toFixed(1)} ms with it\n`);
  expect(closed).toEqual(Array(70).fill(4100));
  expect(delivered).toBe(expected);
  expect(floodP99 / quietP99).toBeLessThanOrEqual(RATIO);
}, 120_000);

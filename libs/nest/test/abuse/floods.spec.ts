import { expect, test } from '@jest/globals';

import { measureFlood } from './floods.js';

test('A11: 10 of 200 clients that flood are closed with 4100, and the others miss nothing', async () => {
  const { delivered, expected, closed } = await measureFlood({
    clients: 200,
    flooders: 10,
    publications: 10,
    rounds: 1,
  });
  expect(closed).toEqual(Array(10).fill(4100));
  expect(delivered).toBe(expected);
}, 20_000);

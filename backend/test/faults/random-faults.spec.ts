import { it } from '@jest/globals';

import { holdAgainstRandomFaults } from './random-faults.js';

it('R1: on real sockets that break at random, what clients show is true, nothing comes twice, and memory stays', async () => {
  await holdAgainstRandomFaults({ clients: 16, topics: 6, duration: 5_000, pause: 50 });
}, 60_000);

import { it } from '@jest/globals';

import { holdAgainstRandomFaults } from './random-faults.js';

it('R1: for two minutes on real sockets that break at random, what clients show is true, and memory stays', async () => {
  await holdAgainstRandomFaults({ clients: 16, topics: 6, duration: 120_000, pause: 60 });
}, 240_000);

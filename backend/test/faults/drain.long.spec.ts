import { it } from '@jest/globals';

import { holdDrain } from './drain.js';

it('R11: a server that is told to go by SIGTERM sends 1,000 clients away over the window, loses no answer and ends with 0', async () => {
  await holdDrain(1_000);
}, 120_000);

import { it } from '@jest/globals';

import { holdDrain } from './drain.js';

it('R11: a server that is told to go sends 1,000 clients away over the window, does once what they asked for, and ends with 0', async () => {
  await holdDrain({ clients: 1_000, window: 8_000, takes: 4_000 });
}, 120_000);

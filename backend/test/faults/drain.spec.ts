import { it } from '@jest/globals';

import { holdDrain } from './drain.js';

it('R11: a server that is told to go sends 80 clients away over the window, does once what they asked for, and ends with 0', async () => {
  await holdDrain({ clients: 80, window: 2_000, takes: 1_000 });
}, 60_000);

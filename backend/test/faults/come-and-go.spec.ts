import { it } from '@jest/globals';

import { holdComeAndGo } from './come-and-go.js';

it('R17: when 800 clients have come and gone on both transports, heap, timers and handles are as they were', async () => {
  await holdComeAndGo(800);
}, 60_000);

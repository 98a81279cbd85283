import { it } from '@jest/globals';

import { holdComeAndGo } from './come-and-go.js';

it('R17: when 1,500 clients have come and gone on both transports, heap, timers and handles are as they were', async () => {
  await holdComeAndGo(1_500);
}, 60_000);

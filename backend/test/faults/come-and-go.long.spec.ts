import { it } from '@jest/globals';

import { holdComeAndGo } from './come-and-go.js';

it('R17: when 50,000 clients have come and gone on both transports, heap, timers and handles are as they were', async () => {
  await holdComeAndGo(50_000);
}, 600_000);

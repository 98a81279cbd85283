import { it } from '@jest/globals';

import { holdSlowReaders } from './slow-readers.js';

it('R18: readers that stop reading cost a bounded amount, are closed with 4101 and resume, and hurt nobody else', async () => {
  await holdSlowReaders({ clients: 60, duration: 7_000, stalledTimeout: 1_500 });
}, 60_000);

import { test } from '@jest/globals';

import { holdOptimisticLaw } from './support/optimistic-law.js';

test('what is shown is always the truth with the pending updates on top, and the truth in the end', async () => {
  await holdOptimisticLaw(20);
}, 60_000);

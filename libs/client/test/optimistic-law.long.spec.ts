import { test } from '@jest/globals';

import { holdOptimisticLaw } from './support/optimistic-law.js';

test('of thousands of histories what is shown is always the truth with the pending updates on top', async () => {
  await holdOptimisticLaw(2_000);
}, 900_000);

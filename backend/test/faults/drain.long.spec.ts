import { expect, it } from '@jest/globals';

import { holdDrain } from './drain.js';

it.each([100, 1_000])(
  'R11: a server that is told to go by SIGTERM sends %d clients away over the window, loses no answer and ends with 0',
  async (clients) => {
    expect.hasAssertions();
    await holdDrain(clients);
  },
  120_000,
);

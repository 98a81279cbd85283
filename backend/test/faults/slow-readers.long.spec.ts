import { expect, it } from '@jest/globals';

import { holdSlowReaders } from './slow-readers.js';

it.each([
  ['are closed with 4101 and resume', 3_000],
  ['are never given up, and converge to the newest state', 0],
])(
  'R18: ten of 200 readers that stop reading %s, at a bounded cost, and hurt nobody else',
  async (_, stalledTimeout) => {
    expect.hasAssertions();
    await holdSlowReaders({ clients: 200, duration: 15_000, stalledTimeout });
  },
  120_000,
);

import { expect, it } from '@jest/globals';

import { holdSlowReaders } from './slow-readers.js';

it.each([
  // Whoever reads later than `linger` after the close finds the socket gone, and no code.
  ['are closed with 4101 and resume', 3_000, 8_000],
  ['are never given up, and converge to the newest state', 0, 15_000],
])(
  'R18: ten of 200 readers that stop reading %s, at a bounded cost, and hurt nobody else',
  async (_, stalledTimeout, duration) => {
    expect.hasAssertions();
    await holdSlowReaders({ clients: 200, duration, stalledTimeout });
  },
  120_000,
);

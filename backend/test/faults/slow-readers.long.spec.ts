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

it('R18: readers on a line that takes less than is published get fewer values, the newest in the end, and are not given up', async () => {
  expect.hasAssertions();
  await holdSlowReaders({ clients: 60, duration: 12_000, stalledTimeout: 10_000, line: 400_000 });
}, 120_000);

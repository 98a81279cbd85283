import { expect, test } from '@jest/globals';

import { formatAge, formatBytes } from './format';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 KB'],
  [272_345, '272 KB'],
  [4_200_000, '4.2 MB'],
  [5e13, '50000 GB'],
])('%d bytes are %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

test.each([
  [0, 'just now'],
  [1_000, '1 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_200_000, '2 h'],
])('%d ms ago are %s', (age, expected) => {
  expect(formatAge(age)).toBe(expected);
});

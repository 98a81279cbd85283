import { expect, test } from '@jest/globals';

import { battleClock } from './battle-clock';

test.each([
  [0, '0:00.0'],
  [7, '0:00.7'],
  [599, '0:59.9'],
  [643, '1:04.3'],
])('tick %d is %s on the clock', (tick, expected) => {
  expect(battleClock(tick)).toBe(expected);
});

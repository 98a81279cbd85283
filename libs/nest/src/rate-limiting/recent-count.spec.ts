import { describe, expect, test } from '@jest/globals';

import { RecentCount } from './recent-count.js';

describe('a recent count', () => {
  test('reaches its limit within the window only', () => {
    const count = new RecentCount(3, 10_000);
    expect([0, 9_000].map((now) => count.reached(now))).toEqual([false, false]);
    expect([10_000, 18_999].map((now) => count.reached(now))).toEqual([false, true]);
  });

  test('at 0 is never reached', () => {
    const count = new RecentCount(0, 10_000);
    expect([0, 0, 0].map((now) => count.reached(now))).toEqual([false, false, false]);
  });
});

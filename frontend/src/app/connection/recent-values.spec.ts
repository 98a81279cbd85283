import { describe, expect, test } from '@jest/globals';

import { RecentValues } from './recent-values';

describe('RecentValues', () => {
  test('has the value of a position', () => {
    const recent = new RecentValues();
    recent.add({ epoch: 'e', offset: 1 }, 'one');
    recent.add({ epoch: 'e', offset: 2 }, 'two');
    expect(recent.at({ epoch: 'e', offset: 1 })).toBe('one');
    expect(recent.at({ epoch: 'f', offset: 1 })).toBeUndefined();
    expect(recent.at({ epoch: 'e', offset: 2 })).toBe('two');
  });

  test('drops the oldest values', () => {
    const recent = new RecentValues(2);
    for (let offset = 1; offset <= 3; offset++) recent.add({ epoch: 'e', offset }, offset);
    expect(recent.at({ epoch: 'e', offset: 1 })).toBeUndefined();
    expect(recent.at({ epoch: 'e', offset: 3 })).toBe(3);
  });
});

import { describe, expect, test } from '@jest/globals';

import { PollingCost } from './polling-cost';

describe('PollingCost', () => {
  test('counts the JSON of a value in UTF-8', () => {
    const cost = new PollingCost();
    cost.poll([['lobby', { name: 'é' }]]);
    expect(cost.bytes).toBe(13);
  });

  test('counts a value again only after it changed', () => {
    const cost = new PollingCost();
    const value = { tick: 1 };
    cost.poll([['battle', value]]);
    cost.poll([['battle', value]]);
    expect(cost.bytes).toBe(10);
    cost.poll([['battle', { tick: 2 }]]);
    expect(cost.bytes).toBe(20);
    expect(cost.polls).toBe(3);
  });

  test('counts nothing for unknown values', () => {
    const cost = new PollingCost();
    cost.poll([['run', undefined]]);
    expect(cost.bytes).toBe(0);
  });
});

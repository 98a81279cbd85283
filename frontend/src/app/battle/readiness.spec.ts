import { describe, expect, test } from '@jest/globals';

import { combatant } from '../../testing/samples';
import { readiness } from './readiness';

describe('readiness', () => {
  test.each([
    { tick: 0, expected: 0 },
    { tick: 5, expected: 0.25 },
    { tick: 20, expected: 1 },
    { tick: 30, expected: 1 },
  ])('is $expected at tick $tick of a fighter that acts at tick 20 every 20 ticks', ({ tick, expected }) => {
    expect(readiness(combatant({ readyAt: 20, cadence: 20 }), tick)).toBe(expected);
  });

  test('is 0 for fallen fighters', () => {
    expect(readiness(combatant({ hp: 0 }), 19)).toBe(0);
  });
});

import { describe, expect, test } from '@jest/globals';

import { DEFAULT_FRAMES_PER_SECOND, FrameBudget } from './frame-budget.js';

function setUp() {
  const clock = { now: 10_000 };
  const budget = new FrameBudget({ monotonic: () => clock.now });
  const spend = (frames: number) => {
    for (let frame = 0; frame < frames; frame++) budget.spend();
  };
  return { budget, clock, spend };
}

describe('the frames that may still be sent', () => {
  test('are at first those of one second, one after the other without delay', () => {
    const { budget, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND - 1);
    expect(budget.delay).toBe(0);
    spend(1);
    expect(budget.delay).toBe(1_000 / DEFAULT_FRAMES_PER_SECOND);
  });

  test('come back with time, at the rate', () => {
    const { budget, clock, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND);
    clock.now += 20;
    expect(budget.delay).toBe(30);
    clock.now += 20;
    expect(budget.delay).toBe(10);
    clock.now += 10;
    expect(budget.delay).toBe(0);
    spend(1);
    expect(budget.delay).toBe(50);
  });

  test('are never more than those of one second, however long none was sent', () => {
    const { budget, clock, spend } = setUp();
    clock.now += 60_000;
    spend(DEFAULT_FRAMES_PER_SECOND);
    expect(budget.delay).toBe(50);
  });

  test('may be overdrawn by what cannot wait, which makes the others wait longer', () => {
    const { budget, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND + 3);
    expect(budget.delay).toBe(4 * 50);
  });

  test('are told in whole milliseconds, rather too late than too early', () => {
    const { budget, spend } = setUp();
    budget.setRate(3);
    spend(3);
    expect(budget.delay).toBe(334);
  });

  test('grow and shrink with the rate that the server tells, what was spent counted in', () => {
    const { budget, clock, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND);
    clock.now += 500;
    budget.setRate(2 * DEFAULT_FRAMES_PER_SECOND);
    spend(29);
    expect(budget.delay).toBe(0);
    spend(1);
    expect(budget.delay).toBe(25);
    budget.setRate(1);
    expect(budget.delay).toBe(40_000);
  });

  test('are without limit where the server has none', () => {
    const { budget, spend } = setUp();
    budget.setRate(0);
    spend(1_000);
    expect(budget.delay).toBe(0);
  });
});

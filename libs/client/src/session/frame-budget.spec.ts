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

describe('the frame budget', () => {
  test('starts with the frames of one second', () => {
    const { budget, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND - 1);
    expect(budget.delay).toBe(0);
    spend(1);
    expect(budget.delay).toBe(1_000 / DEFAULT_FRAMES_PER_SECOND);
  });

  test('refills at the rate', () => {
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

  test('never exceeds the frames of one second', () => {
    const { budget, clock, spend } = setUp();
    clock.now += 60_000;
    spend(DEFAULT_FRAMES_PER_SECOND);
    expect(budget.delay).toBe(50);
  });

  test('can be overdrawn by urgent frames, which delays others', () => {
    const { budget, spend } = setUp();
    spend(DEFAULT_FRAMES_PER_SECOND + 3);
    expect(budget.delay).toBe(4 * 50);
  });

  test('rounds the delay up to whole milliseconds', () => {
    const { budget, spend } = setUp();
    budget.setRate(3);
    spend(3);
    expect(budget.delay).toBe(334);
  });

  test('changes with the rate of the server and keeps the spent frames', () => {
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

  test('has no limit if the server has none', () => {
    const { budget, spend } = setUp();
    budget.setRate(0);
    spend(1_000);
    expect(budget.delay).toBe(0);
  });
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { DelayLine } from './delay-line';

describe('DelayLine', () => {
  let delay = 0;
  let passed: number[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    delay = 0;
    passed = [];
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('lets everything through at once without a delay', () => {
    new DelayLine(() => delay).pass(() => passed.push(1));
    expect(passed).toEqual([1]);
  });

  test('holds everything for the delay', () => {
    const line = new DelayLine(() => 800);
    line.pass(() => passed.push(1));
    jest.advanceTimersByTime(799);
    expect(passed).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(passed).toEqual([1]);
  });

  test('keeps the order when the delay ends while something is on its way', () => {
    const line = new DelayLine(() => delay);
    delay = 800;
    line.pass(() => passed.push(1));
    delay = 0;
    line.pass(() => passed.push(2));
    expect(passed).toEqual([]);
    jest.runAllTimers();
    expect(passed).toEqual([1, 2]);
  });
});

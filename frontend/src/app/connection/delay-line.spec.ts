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

  test('runs callbacks at once without a delay', () => {
    new DelayLine(() => delay).pass(() => passed.push(1));
    expect(passed).toEqual([1]);
  });

  test('runs callbacks after the delay', () => {
    const line = new DelayLine(() => 800);
    line.pass(() => passed.push(1));
    jest.advanceTimersByTime(799);
    expect(passed).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(passed).toEqual([1]);
  });

  test('keeps the order when the delay ends while a callback waits', () => {
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

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { browserEnvironment } from './browser-environment.js';

describe('the environment of browsers', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a delay above the maximum of browser timers does not run at once', () => {
    jest.useFakeTimers();
    const delays = jest.spyOn(globalThis, 'setTimeout');
    const ran = jest.fn();
    const timer = browserEnvironment().setTimer(ran, 60 * 86_400_000);
    expect(delays.mock.calls[0]![1]).toBe(2 ** 31 - 1);
    jest.advanceTimersByTime(2 ** 31 - 2);
    expect(ran).not.toHaveBeenCalled();
    timer.cancel();
    jest.advanceTimersByTime(2 ** 31);
    expect(ran).not.toHaveBeenCalled();
  });

  test('ids have 128 random bits in 22 characters, and differ', () => {
    const { id } = browserEnvironment();
    const ids = Array.from({ length: 100 }, id);
    for (const each of ids) expect(each).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(ids).size).toBe(100);
  });
});

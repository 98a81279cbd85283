import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { framePace } from './pace.js';

describe('framePace', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('delivers the first time at the end of the task', async () => {
    const deliver = jest.fn();
    framePace()(deliver);
    expect(deliver).not.toHaveBeenCalled();

    await jest.advanceTimersByTimeAsync(0);

    expect(deliver).toHaveBeenCalledTimes(1);
  });

  test('delivers again one frame later, and not before', async () => {
    const pace = framePace();
    const deliver = jest.fn();
    pace(() => undefined);
    await jest.advanceTimersByTimeAsync(1);

    pace(deliver);
    await jest.advanceTimersByTimeAsync(14);
    expect(deliver).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);

    expect(deliver).toHaveBeenCalledTimes(1);
  });

  test('keeps one frame between deliveries while values wait', async () => {
    const pace = framePace();
    const at: number[] = [];
    const start = jest.now();
    const deliver = (): void => {
      at.push(jest.now() - start);
      if (at.length < 4) pace(deliver);
    };
    pace(deliver);

    await jest.advanceTimersByTimeAsync(100);

    expect(at).toEqual([0, 16, 32, 48]);
  });

  test('leaves no timer behind when nothing waits', async () => {
    framePace()(() => undefined);
    await jest.advanceTimersByTimeAsync(16);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('continues after a delivery that threw', async () => {
    const pace = framePace();
    const deliver = jest.fn();
    pace(() => undefined);
    await jest.advanceTimersByTimeAsync(0);
    pace(() => {
      throw new Error('one bad observer');
    });
    expect(() => jest.advanceTimersByTime(16)).toThrow('one bad observer');

    pace(deliver);
    jest.advanceTimersByTime(16);

    expect(deliver).toHaveBeenCalledTimes(1);
  });
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { chaosEnvironment } from './chaos-environment';
import { ChaosSwitches } from './chaos-switches';

describe('chaosEnvironment', () => {
  const switches = new ChaosSwitches();
  const network = chaosEnvironment(switches);
  const answer = { status: 200 } as Response;
  let sent: boolean;
  let answered: boolean;

  beforeEach(() => {
    jest.useFakeTimers();
    switches.delay = 800;
    sent = answered = false;
    globalThis.fetch = () => {
      sent = true;
      return Promise.resolve(answer);
    };
  });

  afterEach(() => void jest.useRealTimers());

  test('a slow network delays the request and its response', async () => {
    void network.fetch('/').then(() => (answered = true));
    await jest.advanceTimersByTimeAsync(799);
    expect(sent).toBe(false);
    await jest.advanceTimersByTimeAsync(800);
    expect([sent, answered]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(1);
    expect(answered).toBe(true);
  });

  test.each([
    ['in transit', 100, false],
    ['answered', 900, true],
  ])('an aborted request that is %s fails at once', async (_, after, wasSent) => {
    const giving = new AbortController();
    const outcome = network.fetch('/', { signal: giving.signal }).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(after);
    giving.abort(new Error('too late'));
    expect(await outcome).toEqual(new Error('too late'));
    expect(sent).toBe(wasSent);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a network without delay sends a request at once', async () => {
    switches.delay = 0;
    expect(await network.fetch('/')).toBe(answer);
  });
});

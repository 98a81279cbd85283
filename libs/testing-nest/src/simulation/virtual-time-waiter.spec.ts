import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { VirtualTimeWaiter } from './virtual-time-waiter.js';

/** Work that settles after this many checks without real time. */
function workFor(checks: number, environment: VirtualEnvironment) {
  let settle: () => void = () => undefined;
  const work = new Promise<string>((resolve) => (settle = () => resolve('done')));
  let left = checks;
  const setRealTimer = (callback: () => void) => {
    if (left === 0) settle();
    else callback();
    left -= 1;
    return { cancel: () => undefined };
  };
  return { work, waiter: new VirtualTimeWaiter(environment, () => 'nothing runs', setRealTimer) };
}

describe('VirtualTimeWaiter', () => {
  test('spends no virtual time on slow work while only intervals wait', async () => {
    const environment = new VirtualEnvironment();
    environment.setTimer(() => undefined, 1_000);
    const { work, waiter } = workFor(100, environment);
    expect(await waiter.waitPatiently(work, 'the work', () => 0)).toBe('done');
    expect(environment.monotonic()).toBe(0);
  });

  test('advances to a timer that the work may wait for', async () => {
    const environment = new VirtualEnvironment();
    let timers = 1;
    environment.setTimer(() => (timers = 0), 2_000);
    const { work, waiter } = workFor(100, environment);
    expect(await waiter.waitPatiently(work, 'the work', () => timers)).toBe('done');
    expect(environment.monotonic()).toBe(2_000);
  });

  test('fails for work that never settles', async () => {
    const environment = new VirtualEnvironment();
    const { work, waiter } = workFor(Infinity, environment);
    await expect(waiter.waitPatiently(work, 'the work', () => 0)).rejects.toThrow(
      'Waited 30 s for the work (nothing runs)',
    );
  });
});

import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { Gate } from '../../test/support/connection-rig.js';
import { Throttle } from './throttle.js';

const INTERVAL = 250;

function setUp(work: () => Promise<void> = () => Promise.resolve()) {
  const environment = new VirtualEnvironment();
  const runs: number[] = [];
  const throttle = new Throttle(environment, INTERVAL, () => {
    runs.push(environment.monotonic());
    return work();
  });
  return { environment, runs, throttle };
}

test('runs at once, and once more for all requests within the interval', async () => {
  const { environment, runs, throttle } = setUp();
  for (let asked = 0; asked < 1_000; asked++) {
    throttle.request();
    await environment.advance(1);
  }
  await environment.advance(1_000);
  expect(runs).toEqual([0, 250, 500, 750, 1_000]);
  expect(environment.timers).toBe(0);
});

test('never runs concurrently, and drops no request during a run', async () => {
  const gate = new Gate();
  const { environment, runs, throttle } = setUp(() => gate.opened);
  throttle.request();
  await environment.advance(1_000);
  throttle.request();
  await environment.advance(1_000);
  expect(runs).toEqual([0]);
  gate.open();
  await environment.settle();
  expect(runs).toEqual([0, 2_000]);
});

test('does nothing once it is stopped', async () => {
  const { environment, runs, throttle } = setUp();
  throttle.request();
  throttle.request();
  await environment.settle();
  throttle.stop();
  throttle.request();
  await environment.advance(1_000);
  expect(runs).toEqual([0]);
  expect(environment.timers).toBe(0);
});

import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { Pulse } from './heartbeat.js';

function create() {
  const environment = new VirtualEnvironment();
  const beats: number[] = [];
  const pulse = new Pulse(environment, 100, () => beats.push(pulse.now));
  return { environment, beats, pulse };
}

describe('Pulse', () => {
  test('beats on one timer from start() to stop()', async () => {
    const { environment, beats, pulse } = create();
    pulse.start();
    pulse.start();
    expect(environment.timers).toBe(1);
    await environment.advance(350);
    expect(beats).toEqual([100, 200, 300]);
    pulse.stop();
    await environment.advance(1_000);
    expect(beats).toHaveLength(3);
    expect(environment.timers).toBe(0);
  });

  test('R19: counts a stall as at most two beats', async () => {
    const { environment, beats, pulse } = create();
    pulse.start();
    await environment.sleep(60_000);
    await environment.advance(100);
    expect(beats).toEqual([200, 300]);
  });

  test('leaves out the time between stop() and start()', async () => {
    const { environment, beats, pulse } = create();
    pulse.start();
    await environment.advance(100);
    pulse.stop();
    await environment.advance(60_000);
    pulse.start();
    await environment.advance(100);
    expect(beats).toEqual([100, 200]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { StallWatch } from './stall-watch.js';

function setUp() {
  const environment = new VirtualEnvironment();
  const reader: { taken: number | undefined; stalls: number } = { taken: 100, stalls: 0 };
  const watch = new StallWatch(
    environment,
    10_000,
    () => reader.taken,
    () => (reader.stalls += 1),
  );
  return { environment, reader, watch };
}

describe('StallWatch', () => {
  test('reports a stall once, after exactly the timeout without progress', async () => {
    const { environment, reader, watch } = setUp();
    watch.start();
    await environment.advance(9_999);
    expect(reader.stalls).toBe(0);
    await environment.advance(1);
    expect(reader.stalls).toBe(1);
    await environment.advance(60_000);
    expect(reader.stalls).toBe(1);
    expect(environment.timers).toBe(0);
  });

  test('restarts the timeout after each progress', async () => {
    const { environment, reader, watch } = setUp();
    watch.start();
    await environment.advance(6_000);
    reader.taken = 101;
    await environment.advance(11_499);
    expect(reader.stalls).toBe(0);
    await environment.advance(1);
    expect(reader.stalls).toBe(1);
  });

  test('ignores a start while it runs', async () => {
    const { environment, reader, watch } = setUp();
    for (let second = 0; second < 9; second++) {
      watch.start();
      await environment.advance(1_000);
    }
    expect(environment.timers).toBe(1);
    expect(reader.stalls).toBe(0);
    await environment.advance(1_000);
    expect(reader.stalls).toBe(1);
  });

  test('ends without buffered bytes, and starts with the full timeout again', async () => {
    const { environment, reader, watch } = setUp();
    watch.start();
    await environment.advance(7_500);
    reader.taken = undefined;
    await environment.advance(2_500);
    expect(environment.timers).toBe(0);
    reader.taken = 100;
    watch.start();
    await environment.advance(9_999);
    expect(reader.stalls).toBe(0);
    await environment.advance(1);
    expect(reader.stalls).toBe(1);
  });

  test('counts the first bytes as progress if none were buffered at the start', async () => {
    const { environment, reader, watch } = setUp();
    reader.taken = undefined;
    watch.start();
    reader.taken = 1;
    await environment.advance(12_499);
    expect(reader.stalls).toBe(0);
    await environment.advance(1);
    expect(reader.stalls).toBe(1);
  });

  test('leaves no timer when it is stopped, and can be started again', async () => {
    const { environment, reader, watch } = setUp();
    watch.stop();
    watch.start();
    watch.stop();
    expect(environment.timers).toBe(0);
    await environment.advance(60_000);
    expect(reader.stalls).toBe(0);
    watch.start();
    await environment.advance(10_000);
    expect(reader.stalls).toBe(1);
  });
});

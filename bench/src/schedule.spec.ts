import { describe, expect, test } from '@jest/globals';

import { onSchedule, type ScheduleHost } from './schedule.js';

/** A clock that only moves when the schedule waits, or when the sender is busy. */
class VirtualHost implements ScheduleHost {
  time = 1_000;
  turns = 0;
  private task: (() => void) | undefined;

  now(): number {
    return this.time;
  }

  later(task: () => void, delayMs: number): void {
    this.task = task;
    this.time += delayMs;
  }

  runAll(): void {
    for (let { task } = this; task; { task } = this) {
      this.task = undefined;
      this.turns += 1;
      task();
    }
  }
}

/** When each call was due and when it was made, with a sender that is busy for `busyMs` in each call. */
async function callsOf(times: number, intervalMs: number, busyMs: (index: number) => number): Promise<number[][]> {
  const host = new VirtualHost();
  const calls: number[][] = [];
  const done = onSchedule(
    times,
    intervalMs,
    (dueAt, index) => {
      calls.push([dueAt, host.time]);
      host.time += busyMs(index);
    },
    host,
  );
  host.runAll();
  await done;
  expect(host.turns).toBe(times - 1);
  return calls;
}

describe('an open-loop schedule', () => {
  test('calls on its grid', async () => {
    expect(await callsOf(3, 100, () => 0)).toEqual([
      [1_000, 1_000],
      [1_100, 1_100],
      [1_200, 1_200],
    ]);
  });

  test('does not move later calls when one is late, and tells when each was due', async () => {
    expect(await callsOf(4, 100, (index) => (index === 0 ? 250 : 0))).toEqual([
      [1_000, 1_000],
      [1_100, 1_250],
      [1_200, 1_250],
      [1_300, 1_300],
    ]);
  });

  test('makes one call in a turn even if all are late', async () => {
    const calls = await callsOf(3, 10, () => 1_000);
    expect(calls.map(([dueAt]) => dueAt)).toEqual([1_000, 1_010, 1_020]);
  });
});

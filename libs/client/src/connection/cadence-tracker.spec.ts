import { describe, expect, test } from '@jest/globals';

import { CadenceTracker } from './cadence-tracker.js';

/** Publications at these moments; returns when a silence becomes suspicious. */
function record(tracker: CadenceTracker, moments: readonly number[], topic = 't'): number | undefined {
  let due: number | undefined;
  for (const moment of moments) due = tracker.record(topic, moment);
  return due;
}

describe('the cadence of a topic', () => {
  test('two publications are no cadence yet', () => {
    expect(record(new CadenceTracker(), [0, 100])).toBeUndefined();
  });

  test('ten a second become suspicious after 300 ms of silence', () => {
    expect(record(new CadenceTracker(), [0, 100, 200, 300])).toBe(600);
  });

  test('one a second becomes suspicious after 3 s', () => {
    expect(record(new CadenceTracker(), [0, 1_000, 2_000])).toBe(5_000);
  });

  test('a silence is reported once, until the topic publishes again', () => {
    const tracker = new CadenceTracker();
    record(tracker, [0, 100, 200]);
    tracker.noticeSilences(499);
    expect(tracker.due).toBe(500);
    tracker.noticeSilences(500);
    expect(tracker.due).toBeUndefined();
    expect(tracker.record('t', 5_000)).toBeGreaterThan(5_300);
  });

  test('the earliest deadline of several topics counts, without topics that were left', () => {
    const tracker = new CadenceTracker();
    record(tracker, [0, 100, 200], 'fast');
    record(tracker, [0, 1_000, 2_000], 'slow');
    expect(tracker.due).toBe(500);
    tracker.forget('fast');
    expect(tracker.due).toBe(5_000);
  });

  test('a topic that slows down gets a slower cadence after a while', () => {
    const tracker = new CadenceTracker();
    let now = 0;
    for (let i = 0; i < 20; i++) tracker.record('t', (now += 100));
    for (let i = 0; i < 30; i++) {
      tracker.noticeSilences(now + 9_999);
      tracker.record('t', (now += 10_000));
    }
    expect(tracker.due! - now).toBeGreaterThan(10_000);
  });
});

import { describe, expect, test } from '@jest/globals';

import { UsualGaps } from './usual-gaps.js';

/** Publications at these moments; returns when silence becomes suspicious. */
function listen(gaps: UsualGaps, moments: readonly number[], topic = 't'): number | undefined {
  let due: number | undefined;
  for (const moment of moments) due = gaps.heard(topic, moment);
  return due;
}

describe('the usual gap of a topic', () => {
  test('two publications are no rhythm yet', () => {
    expect(listen(new UsualGaps(), [0, 100])).toBeUndefined();
  });

  test('ten a second become suspicious after 300 ms of silence', () => {
    expect(listen(new UsualGaps(), [0, 100, 200, 300])).toBe(600);
  });

  test('one a second becomes suspicious after three seconds', () => {
    expect(listen(new UsualGaps(), [0, 1_000, 2_000])).toBe(5_000);
  });

  test('a silence is noticed once, until the topic speaks again', () => {
    const gaps = new UsualGaps();
    listen(gaps, [0, 100, 200]);
    gaps.notice(499);
    expect(gaps.due).toBe(500);
    gaps.notice(500);
    expect(gaps.due).toBeUndefined();
    expect(gaps.heard('t', 5_000)).toBeGreaterThan(5_300);
  });

  test('the earliest of several topics counts, and one that was left counts no more', () => {
    const gaps = new UsualGaps();
    listen(gaps, [0, 100, 200], 'fast');
    listen(gaps, [0, 1_000, 2_000], 'slow');
    expect(gaps.due).toBe(500);
    gaps.forget('fast');
    expect(gaps.due).toBe(5_000);
  });

  test('a topic that slows down is believed after a while', () => {
    const gaps = new UsualGaps();
    let now = 0;
    for (let i = 0; i < 20; i++) gaps.heard('t', (now += 100));
    for (let i = 0; i < 30; i++) {
      gaps.notice(now + 9_999);
      gaps.heard('t', (now += 10_000));
    }
    expect(gaps.due! - now).toBeGreaterThan(10_000);
  });
});

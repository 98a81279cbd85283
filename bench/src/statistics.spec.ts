import { describe, expect, test } from '@jest/globals';

import { percentile } from './percentile.js';
import { bandOf, shuffled } from './statistics.js';

describe('percentile', () => {
  test('is the smallest sample that the share does not exceed', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.01, 0.5, 0.99, 1].map((share) => percentile([...samples], share))).toEqual([1, 50, 99, 100]);
  });

  test('compares numbers, not texts', () => {
    expect(percentile([10, 9, 100], 1)).toBe(100);
  });

  test('of nothing is no number', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('a band', () => {
  test('is the median and the range of eight of ten samples', () => {
    expect(bandOf([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])).toEqual({ median: 5.5, p10: 1, p90: 9 });
    expect(bandOf([3, 1, 2]).median).toBe(2);
    expect(bandOf([]).median).toBeNaN();
  });

  test('leaves its samples in their order', () => {
    const samples = [3, 1, 2];
    bandOf(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

test('shuffled keeps every item once', () => {
  const keys = [0.5, 0.1, 0.9];
  expect(shuffled(['a', 'b', 'c'], () => keys.shift()!)).toEqual(['b', 'a', 'c']);
});

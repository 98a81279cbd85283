import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Random } from './random.js';

describe('Random', () => {
  it('gives the sequence of mulberry32 for a seed', () => {
    const random = new Random(42);

    expect([random.next(), random.next(), random.next()]).toEqual([2581720956, 1925393290, 3661312704]);
  });

  it('continues from its state', () => {
    const random = new Random(7);
    random.next();
    const resumed = new Random(random.state);

    expect(resumed.next()).toBe(random.next());
  });

  it('stays between both bounds and reaches them', () => {
    const random = new Random(3);
    const drawn = Array.from({ length: 1_000 }, () => random.between(-2, 3));

    expect(new Set(drawn)).toEqual(new Set([-2, -1, 0, 1, 2, 3]));
  });

  it('samples different elements, at most all', () => {
    fc.assert(
      fc.property(fc.integer(), fc.uniqueArray(fc.integer()), fc.nat(12), (seed, list, count) => {
        const sampled = new Random(seed).sample(list, count);

        expect(sampled).toHaveLength(Math.min(count, list.length));
        expect(new Set(sampled).size).toBe(sampled.length);
        expect(list).toEqual(expect.arrayContaining(sampled));
      }),
    );
  });

  it('rejects a pick from an empty list', () => {
    expect(() => new Random(1).pick([])).toThrow(RangeError);
  });
});

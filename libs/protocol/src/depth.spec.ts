import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isTextDeeperThan, isValueDeeperThan } from './depth.js';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the depth limit of JSON', () => {
  test('is the same for a text and its value, at every limit', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }),
        fc.nat(8),
        fc.boolean(),
        (value, limit, indented) => {
          const text = JSON.stringify(value, null, indented ? 2 : undefined);
          const deeper = depthOf(value) > limit;
          expect(isTextDeeperThan(text, limit)).toBe(deeper);
          expect(isValueDeeperThan(value, limit)).toBe(deeper);
        },
      ),
      { numRuns: process.env.STATEWIRE_TEST_TIER === 'full' ? 3_000 : 800 },
    );
  });

  test.each(['["\\"[[[[["]', '["\\\\",[[]]]', '{"[[[[":"]]]]"}', '["\\\\\\"[[["]'])(
    'ignores brackets in strings: %s',
    (text) => {
      const depth = depthOf(JSON.parse(text));
      expect(isTextDeeperThan(text, depth)).toBe(false);
      expect(isTextDeeperThan(text, depth - 1)).toBe(true);
    },
  );
});

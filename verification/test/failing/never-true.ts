import { describe, test } from '@jest/globals';
import fc from 'fast-check';

describe('a property', () => {
  test('that never holds', () => {
    fc.assert(fc.property(fc.nat(), () => false));
  });

  test('that never holds from a seed of its own', () => {
    fc.assert(
      fc.property(fc.nat(), () => false),
      { seed: 7 },
    );
  });

  test('that holds', () => {
    fc.assert(fc.property(fc.nat(), () => true));
  });
});

import { test } from '@jest/globals';
import fc from 'fast-check';

// No spec of its own: seed.spec.ts runs it to see which seed its failure names.
test('a property that never holds', () => {
  fc.assert(fc.property(fc.nat(), () => false));
});

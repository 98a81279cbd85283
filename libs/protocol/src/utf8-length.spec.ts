import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { utf8Length } from './utf8-length.js';

test('utf8Length counts the bytes of an encoder, lone surrogates included', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
      },
    ),
    { numRuns: 2000 },
  );
  expect(utf8Length('é€😀a')).toBe(2 + 3 + 4 + 1);
});

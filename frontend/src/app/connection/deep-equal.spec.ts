import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { deepEqual } from './deep-equal';

describe('deepEqual', () => {
  test('holds between any JSON value and its copy', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(deepEqual(JSON.parse(text), JSON.parse(text))).toBe(true);
      }),
    );
  });

  test.each([
    [null, {}],
    [[], {}],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 2 }],
    [{ a: undefined }, { b: undefined }],
    ['1', 1],
  ])('distinguishes %j from %j', (one, other) => {
    expect(deepEqual(one, other)).toBe(false);
  });
});

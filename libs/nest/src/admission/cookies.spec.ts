import { describe, expect, test } from '@jest/globals';

import { parseCookies } from './cookies.js';

describe('parseCookies', () => {
  test.each<[string, string | undefined, Record<string, string>]>([
    ['nothing', undefined, {}],
    ['several', 'a=1; b=2', { a: '1', b: '2' }],
    ['values with an equals sign', 'a=b=c', { a: 'b=c' }],
    ['quoted and encoded values', 'a="x y"; b=%C3%A4', { a: 'x y', b: 'ä' }],
    ['values that only look encoded', 'a=%zz', { a: '%zz' }],
    ['the first of two with one name', 'a=1; a=2', { a: '1' }],
    ['pairs without a value', 'a; b=1;;', { b: '1' }],
  ])('reads %s', (_, header, cookies) => {
    expect(parseCookies(header)).toEqual(cookies);
  });

  test('a cookie named __proto__ is a cookie and nothing more', () => {
    const cookies = parseCookies('__proto__=x; constructor=y');
    expect(Object.entries(cookies)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(cookies)).toBe(Object.prototype);
  });
});

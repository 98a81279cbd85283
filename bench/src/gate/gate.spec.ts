import { describe, expect, test } from '@jest/globals';

import { failuresOf, type Figure, lineOf } from './gate.js';

const writes: Figure = { id: 'B1', name: 'writes', value: 400, unit: 'writes', bound: 400, must: 'be exactly' };
const bytes: Figure = { id: 'B6', name: 'bytes', value: 4.2, unit: '%', bound: 5, must: 'be at most' };

describe('the gate', () => {
  test('passes figures at their bounds', () => {
    expect(failuresOf([writes, bytes, { ...bytes, value: 5 }])).toEqual([]);
  });

  test.each([
    ['one write more', { ...writes, value: 401 }],
    ['one write less', { ...writes, value: 399 }],
    ['more bytes', { ...bytes, value: 5.001 }],
    ['no number', { ...bytes, value: Number.NaN }],
    ['no count', { ...writes, value: Number.NaN }],
  ])('fails with %s', (_, figure) => {
    expect(failuresOf([writes, figure, bytes])).toEqual([figure]);
  });

  test('says what a figure is and what it must be', () => {
    expect(lineOf(bytes)).toBe('B6: bytes is 4.2 %; it must be at most 5 %.');
  });
});

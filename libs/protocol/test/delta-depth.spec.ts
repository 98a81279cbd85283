import { describe, expect, test } from '@jest/globals';

import { applyDelta, DeltaError, diff, MAX_DELTA_DEPTH, type Json } from '../src/index.js';
import { assertExact } from './support/delta-laws.js';

describe('depth', () => {
  const nested = (levels: number, core: Json): Json => {
    let value = core;
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { a: value, b: 0 } : [value, 0];
    return value;
  };
  const descents = (levels: number): Json => {
    let delta: Json = { '=b': 5 };
    for (let level = 1; level < levels; level++) delta = { '>a': delta };
    return delta;
  };
  const records = (levels: number): Json => {
    let value: Json = { b: 1 };
    for (let level = 1; level < levels; level++) value = { a: value };
    return value;
  };

  test.each([MAX_DELTA_DEPTH - 1, MAX_DELTA_DEPTH, MAX_DELTA_DEPTH + 1, 500])(
    'values of %i levels are exact',
    (levels) => {
      assertExact(nested(levels, 1), nested(levels, 2));
      assertExact(nested(levels, 1), nested(levels, [1]));
    },
  );

  /** As many lists or records in one another, in each of which something stays and only the innermost changes. */
  const lists = (levels: number, core: Json): Json => (levels === 0 ? core : [lists(levels - 1, core), 0]);
  const recordsOf = (levels: number, core: Json): Json =>
    levels === 0 ? core : { a: recordsOf(levels - 1, core), b: 0 };
  const descended = (delta: unknown) => JSON.stringify(delta).split('>').length - 1;

  test.each([
    ['lists', lists],
    ['records', recordsOf],
  ] as const)('a diff of %s descends to the depth limit and sets deeper values', (_, of) => {
    const deepest = MAX_DELTA_DEPTH - 1;
    expect(descended(diff(of(MAX_DELTA_DEPTH, 1), of(MAX_DELTA_DEPTH, 2)))).toBe(deepest);
    expect(descended(diff(of(MAX_DELTA_DEPTH + 1, 1), of(MAX_DELTA_DEPTH + 1, 2)))).toBe(deepest);
    expect(JSON.stringify(diff(of(MAX_DELTA_DEPTH, 1), of(MAX_DELTA_DEPTH, 2)))).toContain(':2}');
    assertExact(of(MAX_DELTA_DEPTH + 1, 1), of(MAX_DELTA_DEPTH + 1, 2));
  });

  test.each([
    ['lists', lists],
    ['records', recordsOf],
  ] as const)('finds moved elements down to the depth limit: %s', (_, of) => {
    const fits = () => of(MAX_DELTA_DEPTH - 1, 1);
    const deeper = () => of(MAX_DELTA_DEPTH, 1);
    expect(diff([fits(), 2], [fits(), 2, 3])).toEqual({ '~2': [0, 3] });
    expect(diff([2, deeper(), 3], [2, deeper(), 3, 4])).toEqual({ '~1': [1, deeper()], '~3': [0, 4] });
    expect(diff([1, fits(), 2], [fits(), 2, 3])).toEqual({ '~0': [1], '~3': [0, 3] });
    expect(diff({ list: [1, deeper(), 2], id: 0 }, { list: [deeper(), 2, 3], id: 0 })).toMatchObject({
      '>list': { '~0': [2, deeper()], '~3': [0, 3] },
    });
  });

  test('A12: values of 10^5 levels cause no stack overflow', () => {
    const [before, after] = [nested(100_000, 1), nested(100_000, 2)];
    const delta = diff(before, after);
    let [a, b] = [applyDelta(before, delta), after] as [Json, Json];
    while (typeof a === 'object')
      [a, b] = [Object.values(a as object)[0] as Json, Object.values(b as object)[0] as Json];
    expect([a, b]).toEqual([2, 2]);
  });

  test('A12: lists of elements of 10^5 levels cause no stack overflow', () => {
    const [one, same] = [nested(100_000, 1), nested(100_000, 1)];
    expect(Object.keys(diff([1, one, 2], [1, same, 2, 3]))).toEqual(['~1', '~3']);
    expect(Object.keys(diff([one, 2, 3], [2, 3, same]))).toEqual(['~0', '~3']);
  });

  test('A12: a delta may descend to the depth limit only', () => {
    expect(() => applyDelta(records(MAX_DELTA_DEPTH), descents(MAX_DELTA_DEPTH))).not.toThrow();
    expect(() => applyDelta(records(MAX_DELTA_DEPTH + 1), descents(MAX_DELTA_DEPTH + 1))).toThrow(DeltaError);
    expect(() => applyDelta(records(100_000), descents(100_000))).toThrow(DeltaError);
    let [lists, delta]: [Json, Json] = [[1], { '=0': 2 }];
    for (let level = 0; level < 100_000; level++) [lists, delta] = [[lists], { '>0': delta }];
    expect(() => applyDelta(lists, delta)).toThrow(DeltaError);
  });
});

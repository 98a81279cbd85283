import { describe, expect, test } from '@jest/globals';
import type { Json } from '@statewire/protocol';
import fc from 'fast-check';

import { shareParts } from './share-parts.js';

const copy = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;
const share = (before: Json | undefined, after: Json, rowKey?: string): Json => shareParts(before, after, rowKey);

describe('shareParts', () => {
  test('returns the former value if nothing changed', () => {
    const before = { list: [{ id: 1, tags: ['a'] }], text: 'x', none: null };
    expect(share(before, copy(before))).toBe(before);
  });

  test('returns the former value of an equal object whose keys have another order', () => {
    const before = { a: 1, b: { c: 2 } };
    expect(share(before, { b: { c: 2 }, a: 1 })).toBe(before);
  });

  test('notices removed and added keys, elements and kinds', () => {
    const values: Json[] = [{}, [], { a: 1 }, { b: 1 }, { a: 1, b: 1 }, [1], [1, 1], [[1]], { 0: 1 }, 1, '1', null];
    for (const before of values) for (const after of values) expect(share(before, copy(after))).toEqual(after);
  });

  test.each(['id', 'key', '_id', 'sku'])('finds a row that has moved by its %s', (field) => {
    const before = [
      { [field]: 'a', part: {} },
      { [field]: 'b', part: {} },
    ];
    const after = share(
      before,
      [{ [field]: 'new', part: {} }, ...[...(copy(before) as object[])].reverse()] as Json,
      'sku',
    );
    expect((after as Json[])[1]).toBe(before[1]);
    expect((after as Json[])[2]).toBe(before[0]);
  });

  test('compares elements without a key by their place', () => {
    const before = [[1], { x: {} }, [2]];
    const after = share(before, [[1], { x: {}, y: 1 }, [3]]) as typeof before;
    expect(after[0]).toBe(before[0]);
    expect((after[1] as { x: object }).x).toBe((before[1] as { x: object }).x);
    expect(after[2]).toEqual([3]);
  });

  test('takes names of the prototype as data', () => {
    const before = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":2},"rest":1}') as Json;
    const after = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":2},"toString":[],"rest":2}') as Json;
    const shared = share(before, after) as Record<string, unknown>;
    expect(JSON.stringify(shared)).toBe('{"__proto__":{"a":1},"constructor":{"b":2},"toString":[],"rest":2}');
    expect(Object.getPrototypeOf(shared)).toBe(Object.prototype);
    expect(shared.constructor).toBe((before as Record<string, unknown>).constructor);
  });

  test('equals the new value, and leaves the former value as it is', () => {
    const value = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(0, 1, 'a', null, true),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('id', 'key', 'a', '__proto__'), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, value, (one, other) => {
        const [before, after] = [copy(one), copy(other)];
        const texts = [JSON.stringify(before), JSON.stringify(after)];
        expect(share(before, after)).toEqual(JSON.parse(texts[1]!));
        expect(JSON.stringify(before)).toBe(texts[0]);
      }),
    );
  });
});

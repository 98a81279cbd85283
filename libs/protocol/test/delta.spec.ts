import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  applyDelta,
  DeltaError,
  diff,
  requiredCapabilities,
  type Changes,
  type DeltaCapability,
  type Json,
} from '../src/index.js';
import { project } from './support/battle.js';
import { assertExact, freeze } from './support/delta-laws.js';
import { jsonValue, KEYS } from './support/json-arbitrary.js';

interface Vectors {
  readonly valid: readonly {
    readonly name: string;
    readonly before: Json;
    readonly delta: Json;
    readonly after: Json;
  }[];
  readonly invalid: readonly { readonly name: string; readonly before: Json; readonly delta: Json }[];
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/delta.json', import.meta.url), 'utf8')) as Vectors;

const prototypesBefore = [Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype).length);

function expectPrototypesUnchanged(): void {
  expect([Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype).length)).toEqual(
    prototypesBefore,
  );
}

describe('the test vectors', () => {
  test.each(vectors.valid)('$name', ({ before, delta, after }) => {
    deepStrictEqual(applyDelta(freeze(before), freeze(delta)), after);
    assertExact(before, after);
    expectPrototypesUnchanged();
  });

  test.each(vectors.invalid)('rejects $name', ({ before, delta }) => {
    expect(() => applyDelta(freeze(before), freeze(delta))).toThrow(DeltaError);
    expectPrototypesUnchanged();
  });
});

describe('the delta', () => {
  test('F1: is exact for any two values', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (before, after) => assertExact(before, after)),
      { numRuns: 1000 },
    );
  });

  test('is exact for lists after any push, shift, insertion and removal', () => {
    const list = fc
      .array(fc.oneof(fc.nat(3), fc.record({ id: fc.nat(2), at: fc.nat(1) }), fc.array(fc.nat(1), { maxLength: 2 })), {
        maxLength: 12,
      })
      .map(project);
    fc.assert(
      fc.property(list, list, (before, after) => assertExact(before, after)),
      { numRuns: 1000 },
    );
  });

  test('is exact for rows after any move, edit, insertion and removal, and for texts that grow', () => {
    const row = fc.record(
      {
        id: fc.nat(6),
        key: fc.constantFrom('a', 'b', 'c'),
        n: fc.nat(1),
        text: fc.constantFrom('', 'x'.repeat(16), 'x'.repeat(20)),
      },
      { requiredKeys: ['n'] },
    );
    const unique = fc.uniqueArray(row, { maxLength: 8, selector: ({ id }) => id ?? -1 });
    const rows = fc.oneof(unique, fc.array(row, { maxLength: 8 })).map(project);
    const rowKey = fc.constantFrom(undefined, 'n', 'text');
    fc.assert(
      fc.property(rows, rows, rowKey, (before, after, field) => assertExact(before, after, { rowKey: field })),
      { numRuns: 1000 },
    );
  });

  test('F1: is exact and uses no optional operation that the reader does not know', () => {
    const item = fc.oneof(fc.record({ id: fc.nat(6), n: fc.nat(1) }), fc.constantFrom('x'.repeat(16), 'x'.repeat(20)));
    const value = fc.record({ list: fc.array(item, { maxLength: 8 }), text: item }).map(project);
    const capabilities = fc.subarray<DeltaCapability>(['move', 'append']);
    fc.assert(
      fc.property(value, value, capabilities, (before, after, allowed) => {
        assertExact(before, after, { capabilities: allowed });
        for (const used of usedCapabilities(diff(before, after, { capabilities: allowed })))
          expect(allowed).toContain(used);
      }),
      { numRuns: 1000 },
    );
  });

  test('F1: names each capability that a reader needs', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (before, after) => {
        const delta = diff(before, after);
        const required = requiredCapabilities(JSON.stringify(delta));
        for (const capability of usedCapabilities(delta)) expect(required).toContain(capability);
      }),
      { numRuns: 500 },
    );
    expect(requiredCapabilities(JSON.stringify(diff([1, 2, 3, 4], [4, 1, 2, 3])))).toEqual(['move']);
    expect(requiredCapabilities(JSON.stringify(diff('x'.repeat(16), 'x'.repeat(17))))).toEqual(['append']);
    expect(requiredCapabilities(JSON.stringify(diff([1, 2], [1, 2, 3])))).toEqual([]);
  });

  test('is exact for records after any set, added and removed member', () => {
    const record = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.nat(1)).map(project);
    fc.assert(
      fc.property(record, record, (before, after) => assertExact(before, after)),
      { numRuns: 500 },
    );
  });

  test('is empty exactly when nothing changed', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (a, b) => {
        expect(diff(a, project(a))).toEqual({});
        expect(JSON.stringify(diff(a, b)) === '{}').toBe(isDeepStrictEqual(a, b));
      }),
      { numRuns: 500 },
    );
  });

  test('has the same effect for every order of its keys', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (a, b) => {
        deepStrictEqual(applyDelta(a, reversed(project(diff(a, b)))), b);
      }),
      { numRuns: 500 },
    );
  });

  test('does not change its input values', () => {
    const before = freeze(project({ list: [1, { a: 1 }, 3], record: { b: 2 } }));
    const after = freeze(project({ list: [1, { a: 2 }, 3], record: {} }));
    expect(applyDelta(before, freeze(diff(before, after)))).toEqual(after);
  });

  test('does not compare an object with itself', () => {
    const untouchable = new Proxy<Record<string, Json>>(
      {},
      {
        ownKeys: () => {
          throw new Error('looked into');
        },
      },
    );
    expect(diff({ big: untouchable, tick: 1 }, { big: untouchable, tick: 2 })).toEqual({ '=tick': 2 });
    expect(diff([untouchable, 1, 5], [untouchable, 2, 5])).toEqual({ '=1': 2 });
    expect(diff([untouchable, 1], [untouchable, 1, 2])).toEqual({ '~2': [0, 2] });
  });

  test('keeps the identity of unchanged parts', () => {
    const before = project({
      party: [
        { hp: 1, dots: [1] },
        { hp: 2, dots: [2] },
      ],
      foes: [{ hp: 3 }],
      log: [{ a: 1 }, { a: 2 }, { a: 3 }],
    });
    const after = project({
      party: [
        { hp: 1, dots: [1] },
        { hp: 9, dots: [2] },
      ],
      foes: [{ hp: 3 }],
      log: [{ a: 2 }, { a: 3 }, { a: 4 }],
    });
    const was = before as unknown as Scene;
    const is = applyDelta(before, diff(before, after)) as unknown as Scene;
    expect(is.foes).toBe(was.foes);
    expect(is.party[0]).toBe(was.party[0]);
    expect(is.party[1]).not.toBe(was.party[1]);
    expect(is.party[1]?.dots).toBe(was.party[1]?.dots);
    expect(is.log[0]).toBe(was.log[1]);
    expect(is.log[1]).toBe(was.log[2]);
  });

  test('sets a key of any name as an ordinary key', () => {
    const result = applyDelta({}, JSON.parse('{"=__proto__":1}') as Json);
    const ordinary = { value: 1, writable: true, enumerable: true, configurable: true };
    expect(Object.getOwnPropertyDescriptor(result, '__proto__')).toEqual(ordinary);
  });

  test('sets an object under the name of an inherited member, and does not compare it with that member', () => {
    const after = JSON.parse('{"a":1,"__proto__":{"x":1}}') as Json;
    expect(diff({ a: 1 }, after)).toEqual(JSON.parse('{"=__proto__":{"x":1}}'));
  });

  test('keeps the identity of the value if nothing changed', () => {
    const value: Json = { a: [] };
    expect(applyDelta(value, {})).toBe(value);
  });
});

interface Scene {
  readonly party: readonly { readonly dots: unknown }[];
  readonly foes: unknown;
  readonly log: readonly unknown[];
}

/** The capabilities that a delta uses, found by walking through its operations. */
function usedCapabilities(delta: Json): DeltaCapability[] {
  if (typeof delta !== 'object' || delta === null || Array.isArray(delta)) return [];
  return Object.entries(delta as Changes).flatMap(([operation, operand]): DeltaCapability[] => {
    if (operation.startsWith('<')) return ['move'];
    if (operation.startsWith('+')) return ['append'];
    return operation.startsWith('>') ? usedCapabilities(operand) : [];
  });
}

/** The same delta with the keys of all changes the other way round; values it sets are left alone. */
function reversed(delta: Json): Json {
  if (typeof delta !== 'object' || delta === null || Array.isArray(delta)) return delta;
  const entries = Object.entries(delta as Changes).reverse();
  return Object.fromEntries(entries.map(([key, operand]) => [key, key.startsWith('>') ? reversed(operand) : operand]));
}

describe('a malformed delta', () => {
  const operation = fc.tuple(
    fc.constantFrom('=', '>', '-', '~', '<', '+', '', '__proto__', 'x'),
    fc.oneof(fc.constantFrom(...KEYS), fc.nat(8).map(String)),
  );
  const anyDelta = fc
    .letrec<{ delta: Json; changes: Json }>((tie) => ({
      delta: fc.oneof({ maxDepth: 5 }, jsonValue, tie('changes')),
      changes: fc
        .array(
          fc.tuple(
            operation.map((parts) => parts.join('')),
            fc.oneof(tie('delta'), fc.array(fc.nat(3), { maxLength: 3 }), fc.string({ maxLength: 2 })),
          ),
          { maxLength: 4 },
        )
        .map((entries) => Object.fromEntries(entries) as Json),
    }))
    .delta.map(project);

  test('F1, A13: gives a JSON value or a DeltaError, never anything else, and no prototype changes', () => {
    fc.assert(
      fc.property(jsonValue, anyDelta, (value, delta) => {
        try {
          const result = applyDelta(freeze(value), freeze(delta));
          deepStrictEqual(project(result), result);
        } catch (error) {
          expect(error).toBeInstanceOf(DeltaError);
        }
      }),
      { numRuns: 2000 },
    );
    expectPrototypesUnchanged();
  });

  test('names the operation that does not fit', () => {
    expect(() => applyDelta({ a: 1 }, { '-b': 0 })).toThrow('"-b" does not fit the value it is applied to');
    expect(() => applyDelta(null, { '=b': 0 })).toThrow('There is nothing to change in null');
    expect(() => applyDelta('x', { '=b': 0 })).toThrow('There is nothing to change in a string');
    expect(() => applyDelta(1, [])).toThrow('A replacement must have exactly one value, got 0');
    expect(() => applyDelta({}, { [`-${'x'.repeat(1000)}`]: 0 })).toThrow(/^"-x{63}" does not/);
  });

  test('throws an error named DeltaError', () => {
    expect(() => applyDelta(1, [])).toThrow(expect.objectContaining({ name: 'DeltaError' }));
  });

  test('is rejected if a splice exceeds the array, without allocating memory for it', () => {
    expect(() => applyDelta([1], { '~0': [Number.MAX_SAFE_INTEGER] })).toThrow(DeltaError);
    expect(() => applyDelta([1], { '~9007199254740991': [1] })).toThrow(DeltaError);
  });
});

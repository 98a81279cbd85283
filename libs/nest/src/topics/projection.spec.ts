import { deepStrictEqual } from 'node:assert';

import { describe, expect, test } from '@jest/globals';
import { applyDelta, type Json } from '@statewire/protocol';
import fc from 'fast-check';

import { project, type Projection } from './new-publication.js';
import { deltaBetween } from './timeline.js';

const full = process.env.STATEWIRE_TEST_TIER === 'full';

function jsonOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

class Score {
  constructor(
    readonly points: number,
    readonly parts: readonly unknown[],
  ) {}

  get total(): number {
    return this.points;
  }
}

/** Values of an application: JSON, and everything that JSON changes or leaves out. */
const { value: anyValue } = fc.letrec<{ value: unknown; primitive: unknown; list: unknown[]; object: object }>(
  (tie) => ({
    value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('primitive'), tie('list'), tie('object')),
    primitive: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.constantFrom<unknown>(null, true, undefined, -0, NaN, Infinity, Symbol('left out'), () => 1),
    ),
    list: fc.oneof(
      fc.array(tie('value'), { maxLength: 5 }),
      fc.sparseArray(tie('value'), { maxLength: 5 }),
      fc.array(tie('value'), { maxLength: 3 }).map((list) => new Proxy(list, {})),
    ),
    object: fc.oneof(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toString', 'id')), tie('value'), {
        maxKeys: 5,
      }),
      fc
        .tuple(fc.double(), fc.array(tie('value'), { maxLength: 3 }))
        .map(([points, parts]) => new Score(points, parts)),
      tie('value').map((result) => ({ toJSON: () => result, left: 'out' })),
      tie('value').map((result) => Object.defineProperty({ own: 1 }, 'read', { get: () => result, enumerable: true })),
      tie('value').map((result) => Object.defineProperty({ own: 1 }, 'hidden', { value: result })),
      tie('value').map((result) => new Proxy({ result }, {})),
      tie('value').map((result) => Object.assign(Object.create(null) as object, { result })),
      fc.constantFrom<object>(new Date(0), new Map([[1, 2]]), Object(7), Object('text'), Buffer.from('ab'), /x/),
      fc.constantFrom<object>(new Uint8Array(2), new Date(NaN), new Error('no'), Object.freeze({ deep: { open: 1 } })),
    ),
  }),
);

/** JSON without `null` at the root, of which a step changes parts and keeps the others. */
const plainValue = fc.jsonValue({ maxDepth: 4 }).map(jsonOf);

/** Keeps, replaces, moves or removes the parts of a value. Kept parts are the same objects. */
function altered(value: Json, random: (below: number) => number, fresh: readonly Json[]): Json {
  const pick = random(6);
  if (pick === 0) return fresh[random(fresh.length)]!;
  if (pick === 1) return jsonOf(value);
  if (typeof value !== 'object' || value === null || pick === 2) return value;
  if (Array.isArray(value)) {
    const list = [...(value as Json[])];
    if (list.length > 0 && pick === 3) list.push(list.splice(random(list.length), 1)[0]!, list[0] ?? null);
    return list.map((item) => altered(item, random, fresh));
  }
  const entries = Object.entries(value as Record<string, Json>);
  if (pick === 3) entries.reverse();
  return Object.fromEntries(entries.map(([key, part]) => [key, altered(part, random, fresh)]));
}

function assertFrozen(value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  expect(Object.isFrozen(value)).toBe(true);
  for (const part of Object.values<Json>(value)) assertFrozen(part);
}

describe('the projection of a value', () => {
  test('is what JSON makes of any value, and frozen', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        fc.pre(JSON.stringify(value) !== undefined);
        const expected = jsonOf(value);
        const projection = project('t', value, 0);
        deepStrictEqual(projection.value, expected);
        expect(projection.text).toBe(JSON.stringify(expected));
        expect(Buffer.byteLength(projection.text)).toBeLessThanOrEqual(projection.maxBytes);
        assertFrozen(projection.value);
      }),
      { numRuns: full ? 3_000 : 300 },
    );
  });

  test('is the same with and without an earlier one, whichever parts the application keeps', () => {
    const steps = fc.array(fc.infiniteStream(fc.nat()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(plainValue, fc.array(plainValue, { minLength: 1, maxLength: 4 }), steps, (first, fresh, streams) => {
        let value = first;
        let before: Projection = project('t', value, 0);
        for (const stream of streams) {
          value = altered(value, (below) => (stream.next().value as number) % below, fresh);
          const expected = jsonOf(value);
          const after: Projection = project('t', value, 0, before);
          deepStrictEqual(after.value, expected);
          expect(Buffer.byteLength(after.text)).toBeLessThanOrEqual(after.maxBytes);
          assertFrozen(after.value);
          const delta = deltaBetween(before, after, {});
          if (delta !== undefined) deepStrictEqual(applyDelta(before.value, JSON.parse(delta) as Json), expected);
          before = after;
        }
      }),
      { numRuns: full ? 2_000 : 200 },
    );
  });

  test('of a plain value is the value itself, and its parts are not read again', () => {
    const rows = [{ id: 1 }, { id: 2 }];
    const first = { round: 1, rows };
    const before = project('t', first, 0);
    expect(before.value).toBe(first);
    const reads: string[] = [];
    const original = Object.getOwnPropertyDescriptor.bind(Object);
    Object.getOwnPropertyDescriptor = (object: object, key: PropertyKey) => {
      reads.push(String(key));
      return original(object, key);
    };
    try {
      project('t', { ...first, round: 2 }, 0, before);
      project('t', { ...first, rows: [rows[1], rows[0], { id: 3 }] }, 0, before);
    } finally {
      Object.getOwnPropertyDescriptor = original;
    }
    expect(reads).toEqual(['round', 'rows', 'round', 'rows', '0', '1', '2', 'id']);
  });

  test('reads a frozen object again whose parts were open', () => {
    const open = { hp: 1 };
    const shallow = Object.freeze({ open });
    const before = project('t', { shallow: 1 }, 0);
    expect(project('t', { shallow }, 0, before).value).toEqual({ shallow: { open: { hp: 1 } } });
    expect(Object.isFrozen(open)).toBe(true);
  });

  test('copies an object with a getter, whose value may change', () => {
    let hp = 1;
    const live = Object.freeze({
      get hp() {
        return hp;
      },
    });
    const before = project('t', { live }, 0);
    hp = 2;
    expect(project('t', { live }, 0, before).value).toEqual({ live: { hp: 2 } });
    expect(before.value).toEqual({ live: { hp: 1 } });
  });

  test('freezes no copied object of the application', () => {
    const values = [new Score(1, []), new Date(0), new Map(), Buffer.from('a'), new Proxy({ a: 1 }, {}), [undefined]];
    project('t', values, 0);
    expect(values.map((value) => Object.isFrozen(value))).toEqual(values.map(() => false));
    expect(Object.isFrozen(values)).toBe(false);
  });

  test('holds what a value had before a toJSON in it changed the value', () => {
    const value: Record<string, unknown> = { first: 1 };
    value.second = {
      toJSON: () => {
        value.first = new Date(0);
        return 2;
      },
    };
    expect(project('t', value, 0).value).toEqual({ first: 1, second: 2 });
  });

  test('keeps within the limit of bytes that the application set, however often parts are kept', () => {
    const row = { text: 'é'.repeat(40) };
    const before = project('t', [row], 200);
    const rows = [row, row];
    expect(() => project('t', rows, 150, before)).toThrow(expect.objectContaining({ code: 'too_large' }));
    let projection = project('t', { n: 0, row }, 200);
    for (let n = 1; n < 1_000; n++) projection = project('t', { n, row }, 200, projection);
    expect(projection.value).toEqual({ n: 999, row });
  });

  test('of a sparse list that is too long ends with an error', () => {
    expect(() => project('t', new Array(2_000_000), 1_000)).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  test('of a list may have its other properties, which no reader gets', () => {
    const match = Object.assign(['ab'], { index: 0 });
    const projection = project('t', match, 0);
    expect(projection.text).toBe('["ab"]');
    expect(deltaBetween(project('t', ['ab', 'x'.repeat(50)], 0), projection, {})).toBeUndefined();
  });

  test('calls toJSON with its key, and not the one of its result', () => {
    const keyed = { toJSON: (key: string) => `at ${key}` };
    const nested = { toJSON: () => ({ toJSON: () => 'never', is: 'here' }) };
    expect(project('t', { a: keyed, b: [keyed], nested }, 0).value).toEqual({
      ...{ a: 'at a', b: ['at 0'] },
      nested: { is: 'here' },
    });
  });
});

import { describe, expect, test } from '@jest/globals';

import { diff, isDeltaSmaller, type Json } from '../src/index.js';
import { nextTick, project, seeded, startBattle } from './support/battle.js';

describe('the size of a delta', () => {
  const items = Array.from({ length: 100 }, (_, id) => ({ id, name: `item ${id}` }));
  const item = { id: 100, name: 'item 100' };
  const itemSize = JSON.stringify(item).length;
  const size = (before: unknown, after: unknown) => JSON.stringify(diff(project(before), project(after))).length;

  test.each<[string, unknown, number]>([
    ['a push', [...items, item], itemSize],
    ['an unshift', [item, ...items], itemSize],
    ['an insertion in the middle', [...items.slice(0, 50), item, ...items.slice(50)], itemSize],
    ['a push with a removal of the oldest', [...items.slice(1), item], itemSize],
    ['three pushes with a removal of the two oldest', [...items.slice(2), item, item, item], itemSize * 3],
    ['a shift', items.slice(1), 0],
    ['a pop', items.slice(0, -1), 0],
    ['a removal in the middle', items.filter(({ id }) => id !== 50), 0],
    ['a change of one element', items.map((one) => (one.id === 50 ? { ...one, name: '' } : one)), 0],
  ])('of %s is about the size of the new items', (_, after, itemsSize) => {
    expect(size(items, after)).toBeLessThanOrEqual(itemsSize + 32);
  });

  test.each<[string, Json, Json, Json]>([
    ['a removal at the front is one splice', [1, 2, 3, 4], [2, 3, 4], { '~0': [1] }],
    ['a list of two elements can shift', [1, 2], [2, 3], { '~0': [1], '~2': [0, 3] }],
    ['half of a list can be removed at the front', [1, 2, 3, 4], [3, 4, 5, 6], { '~0': [2], '~4': [0, 5, 6] }],
    [
      'more than half removed at the front is one splice',
      [1, 2, 3, 4, 9],
      [4, 9, 5, 6, 9],
      { '~0': [3], '~4': [0, 9, 5, 6] },
    ],
    ['an unchanged first element means that nothing was removed at the front', [1, 1, 2], [1, 2, 2], { '=1': 2 }],
    ['the only remaining element is kept', [1, 2, 3], [1], { '~1': [2] }],
    [
      'a list of which one element differs is another list',
      [3, [1, 2], 6],
      [5, [1, 4], 7, 6],
      { '~0': [2, 5, [1, 4], 7] },
    ],
    [
      'a record of which one key differs is another record',
      [3, { a: 1, b: 2 }, 6],
      [5, { a: 1, b: 4 }, 7, 6],
      { '~0': [2, 5, { a: 1, b: 4 }, 7] },
    ],
    ['an insertion and a removal in the middle are one splice', [1, 2, 3, 4], [1, 8, 9, 7, 4], { '~1': [2, 8, 9, 7] }],
  ])('%s', (_, before, after, delta) => {
    expect(diff({ list: before, id: 0 }, { list: after, id: 0 })).toEqual({ '>list': delta });
  });

  test.each<[string, Json, Json, Json]>([
    ['the last element becomes the first', [1, 2, 3, 4], [4, 1, 2, 3], { '<0': [3] }],
    ['two elements swap', ['a', 'b', 'c', 'd'], ['a', 'c', 'b', 'd'], { '<1': [2] }],
    [
      'a row moves and changes',
      [
        { id: 1, n: 1 },
        { id: 2, n: 2 },
        { id: 3, n: 3 },
      ],
      [
        { id: 3, n: 9 },
        { id: 1, n: 1 },
        { id: 2, n: 2 },
      ],
      { '<0': [2], '>2': { '=n': 9 } },
    ],
    [
      'new rows and moved rows share one place',
      [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
      [{ id: 'c' }, { id: 'x' }, { id: 'b' }, { id: 'a' }],
      { '<0': [2, [{ id: 'x' }], 1] },
    ],
    [
      'a row is replaced by another',
      [
        { id: 1, n: 1 },
        { id: 2, n: 2 },
        { id: 3, n: 3 },
      ],
      [
        { id: 1, n: 1 },
        { id: 4, n: 2 },
        { id: 3, n: 3 },
      ],
      { '~1': [1, { id: 4, n: 2 }] },
    ],
    [
      'rows are matched by "key" where "id" is not there twice',
      [
        { key: 'a', n: 1 },
        { key: 'b', n: 2 },
      ],
      [
        { key: 'b', n: 3 },
        { key: 'a', n: 1 },
      ],
      { '<0': [1], '>1': { '=n': 3 } },
    ],
    [
      'rows are matched by their _id if they have neither id nor key',
      [
        { _id: 1, n: 1 },
        { _id: 2, n: 2 },
      ],
      [
        { _id: 2, n: 3 },
        { _id: 1, n: 1 },
      ],
      { '<0': [1], '>1': { '=n': 3 } },
    ],
    [
      'rows with the same id are matched by content',
      [
        { id: 1, n: 1 },
        { id: 1, n: 2 },
      ],
      [{ id: 1, n: 1 }],
      { '~1': [1] },
    ],
  ])('%s', (_, before, after, delta) => {
    expect(diff(before, after)).toEqual(delta);
  });

  test('matches rows by the field that the caller names', () => {
    const before = [
      { id: 1, sku: 'a', n: 1 },
      { id: 1, sku: 'b', n: 2 },
    ];
    const after = [
      { id: 1, sku: 'b', n: 5 },
      { id: 1, sku: 'a', n: 1 },
    ];
    expect(diff(before, after, { rowKey: 'sku' })).toEqual({ '<0': [1], '>1': { '=n': 5 } });
  });

  test('of a shuffled list of rows is its order', () => {
    const random = seeded(7);
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, name: `Player ${id}`, text: 'x'.repeat(60) }));
    const shuffled = rows.map((row) => [random(), row] as const).sort(([a], [b]) => a - b);
    expect(
      size(
        rows,
        shuffled.map(([, row]) => row),
      ),
    ).toBeLessThan(0.06 * JSON.stringify(rows).length);
  });

  test.each<[string, string, string, Json]>([
    ['a text that grows', 'a'.repeat(64), `${'a'.repeat(64)}!`, { '+': '!' }],
    [
      'a text that grows by half of a character',
      'a'.repeat(64) + '\ud83d',
      'a'.repeat(64) + '\ud83d\ude00',
      ['a'.repeat(64) + '\ud83d\ude00'],
    ],
    [
      'a text that grows by half of the first character with two halves',
      'a'.repeat(64) + '\ud800',
      'a'.repeat(64) + '\ud800\udc00',
      ['a'.repeat(64) + '\ud800\udc00'],
    ],
    [
      'a text that grows after the last character of one unit',
      '\uffff'.repeat(64),
      '\uffff'.repeat(65),
      { '+': '\uffff' },
    ],
    ['a short text', 'a', 'ab', ['ab']],
    ['a text that changes', 'a'.repeat(64), 'b'.repeat(65), ['b'.repeat(65)]],
  ])('of %s', (_, before, after, delta) => {
    expect(diff(before, after)).toEqual(delta);
  });

  test('finds a shift of any length', () => {
    const list = Array.from({ length: 200 }, (_, index) => index);
    const movedOn = [...list.slice(150), ...Array.from({ length: 150 }, () => -1)];
    expect(diff(list, movedOn)).toMatchObject({ '~0': [150] });
  });

  test('is the size of the new value if nothing of the old one remains', () => {
    expect(diff({ x: 1, y: 2 }, { x: 3, y: 4 })).toEqual([{ x: 3, y: 4 }]);
    expect(diff({ at: { x: 1, y: 2 }, id: 1 }, { at: { x: 3, y: 4 }, id: 1 })).toEqual({ '=at': { x: 3, y: 4 } });
    expect(diff({ list: [1, 2], id: 1 }, { list: [], id: 1 })).toEqual({ '=list': [] });
  });

  test('is at most 18 % of a battle if a tenth of its numbers changed', () => {
    const random = seeded(42);
    let battle = startBattle(random);
    let [deltas, values] = [0, 0];
    for (let tick = 0; tick < 100; tick++) {
      const next = nextTick(battle, random, 0.1);
      values += JSON.stringify(next).length;
      deltas += size(battle, next);
      battle = next;
    }
    expect(values / 100).toBeGreaterThan(6000);
    expect(deltas / values).toBeLessThan(0.18);
  });

  test('decides between a patch and a snapshot', () => {
    expect(isDeltaSmaller('{"=a":1}', '{"a":1,"b":2}')).toBe(true);
    expect(isDeltaSmaller('{"=a":1}', '{"a":12}')).toBe(false);
  });
});

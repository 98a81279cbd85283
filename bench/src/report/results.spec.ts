import { describe, expect, test } from '@jest/globals';

import { summed } from './results.js';
import { table } from './table.js';

const SCENARIO = { name: 'one', title: 'One', about: 'It measures.', base: 'base' };
const MACHINE = {
  node: 'v20.20.2',
  cores: 2,
  processor: 'A processor',
  date: '2026-12-01',
  commit: 'abc1234',
  load: 0.2,
};
const LOG = { notRun: [], discarded: [], maxLoadShare: 0 };

function round(base: number | undefined, other: number) {
  const figure = (arm: string, value: number) => ({ arm, metric: 'cost', unit: 'µs', value });
  return [...(base === undefined ? [] : [figure('base', base)]), figure('other', other)];
}

describe('the sum of rounds', () => {
  test('takes ratios inside a round, so that a slow round changes none', () => {
    const { rows } = summed(SCENARIO, [round(10, 20), round(100, 200), round(11, 22)], LOG, MACHINE);
    expect(rows.find(({ arm }) => arm === 'other')).toMatchObject({ median: 22, ratio: { median: 2, p10: 2, p90: 2 } });
  });

  test('takes no ratio in a round whose base was discarded', () => {
    const { rows } = summed(SCENARIO, [round(undefined, 900), round(10, 20)], LOG, MACHINE);
    expect(rows.find(({ arm }) => arm === 'other')?.ratio).toEqual({ median: 2, p10: 2, p90: 2 });
  });
});

describe('the table', () => {
  test('shows medians, ranges and ratios, and an empty cell for what did not run', () => {
    const { rows, base } = summed(SCENARIO, [round(10, 20), round(30, 60)], LOG, MACHINE);
    const more = { arm: 'third', metric: 'size', unit: 'B', median: 1_234.5, p10: 1_234.5, p90: 1_234.5 };
    expect(table({ rows: [...rows, more], base })).toBe(
      [
        '|  | cost, µs | size, B |',
        '| --- | ---: | ---: |',
        '| base | 20 (10–30) |  |',
        '| other | 40 (20–60) · 2 × |  |',
        '| third |  | 1,235 |',
      ].join('\n'),
    );
  });
});

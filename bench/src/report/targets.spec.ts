import { expect, test } from '@jest/globals';

import type { ScenarioResult } from './results.js';
import { targetTable } from './targets.js';

const machine = {
  node: 'v20.20.2',
  cores: 2,
  processor: 'A processor',
  date: '2026-12-01',
  commit: 'abc1234',
  load: 0.2,
};

function scenario(name: string, metric: string, medians: Readonly<Record<string, number>>): ScenarioResult {
  const rows = Object.entries(medians).map(([arm, median]) => ({
    arm,
    metric,
    unit: '',
    median,
    p10: median,
    p90: median,
  }));
  return { name, machine, title: '', about: '', rounds: 1, rows, notRun: [], discarded: [] };
}

const answers = (statewire: number) =>
  scenario('actions', 'answers a second, plain handler', {
    Statewire: statewire,
    'Nest platform-ws': 100,
    'ws, stringify once': 200,
  });

test('the table says by how much a target is missed', () => {
  const table = targetTable([answers(120), scenario('memory', 'memory per connection', { Statewire: 9.9 })]);
  expect(table.split('\n').slice(2)).toEqual([
    '| B9 | answers a second to Nest platform-ws | ≥ 1 × | 1.20 × | met |',
    '| B9 | answers a second to bare `ws` | ≥ 0.70 × | 0.60 × | **missed** by 14 % |',
    '| B10 | memory of an idle connection | ≤ 9 KiB | 9.90 KiB | **missed** by 10 % |',
  ]);
});

test('the table leaves out targets without a figure', () => {
  expect(targetTable([]).split('\n')).toHaveLength(2);
});

import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { runChild } from '../src/child/run-child.js';
import { SCENARIOS, toTest, type Exploration } from '../src/explorer/index.js';

const DEPTH = 8;
const RUN = join(import.meta.dirname, '../src/explorer/run.mjs');

// On a machine that does much else at the same time it takes many times as long as alone.
jest.setTimeout(3_600_000);

let explorations: readonly Exploration[];

beforeAll(async () => {
  explorations = (await runChild(RUN, '--depth', String(DEPTH))) as readonly Exploration[];
});

test.each(SCENARIOS.map(({ name, row = 'R3' }) => [row, DEPTH, name] as const))(
  '%s: every order of %s steps of %s keeps every promise',
  (_row, _depth, name) => {
    const { counterexample, states } = explorations.find(({ scenario }) => scenario === name)!;
    expect(counterexample === undefined ? '' : toTest(counterexample)).toBe('');
    expect(states).toBeGreaterThan(1_000);
  },
);

afterAll(() => {
  for (const { scenario, states, histories, orders } of explorations) {
    process.stdout.write(`${scenario}: ${states} states, ${histories} histories, ${orders} orders of steps at least\n`);
  }
});

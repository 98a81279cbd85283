import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';
import { SCENARIOS, toTest, type Exploration } from './index.js';
import { QUICK_DEPTH } from './quick-depth.js';

const RUN = join(import.meta.dirname, 'run.mjs');

// A busy machine needs many times as long.
jest.setTimeout(600_000);

let explorations: readonly Exploration[] = [];

beforeAll(async () => {
  explorations = (await runChild(RUN, '--depth', String(QUICK_DEPTH))) as readonly Exploration[];
});

test.each(SCENARIOS.map((scenario) => [scenario.row ?? 'R3', QUICK_DEPTH, scenario.name] as const))(
  '%s: every order of %s steps of %s keeps every guarantee',
  (_row, depth, name) => {
    const { counterexample, states } = explorations.find(({ scenario }) => scenario === name)!;
    expect(counterexample === undefined ? '' : toTest(counterexample)).toBe('');
    // An exploration without steps proves nothing.
    expect(states).toBeGreaterThan(5 * depth);
  },
);

afterAll(() => {
  const rows = explorations.map(
    ({ scenario, depth, states, histories, orders }) =>
      `  ${scenario} to depth ${depth}: ${states} states, ${histories} histories, ${orders} orders of steps at least\n`,
  );
  process.stdout.write(`Explored:\n${rows.join('')}`);
});

import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';
import { SCENARIOS, toTest, type Exploration, type Scenario } from './index.js';

const DEPTH = 8;
/** The scenarios that fit into a slice. */
const SHORT = ['a late rejection', 'unsubscribe and subscribe', 'a rejected client', 'a slow reader'];
const RUN = join(import.meta.dirname, 'run.mjs');

// A busy machine needs many times as long.
jest.setTimeout(3_600_000);

/** All scenarios. A slice of the long tests runs one short scenario, selected by the seed. */
const scenarios = process.env['STATEWIRE_SLICE'] === 'true' ? SCENARIOS.filter(isInSlice) : SCENARIOS;

function isInSlice({ name }: Scenario): boolean {
  return name === SHORT[Number(process.env['STATEWIRE_SEED'] ?? 0) % SHORT.length];
}

let explorations: readonly Exploration[];

beforeAll(async () => {
  const only = scenarios.flatMap(({ name }) => ['--only', name]);
  explorations = (await runChild(RUN, '--depth', String(DEPTH), ...only)) as readonly Exploration[];
});

test.each(scenarios.map(({ name, row = 'R3' }) => [row, DEPTH, name] as const))(
  '%s: every order of %s steps of %s keeps every guarantee',
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

import { afterAll, expect, jest, test } from '@jest/globals';

import { explore, SCENARIOS, toTest, type Scenario } from '../src/explorer/index.js';
import { SEEDED_BUGS } from '../src/seeded-bugs/seeded-bugs.js';

// On a machine that does much else at the same time it takes many times as long as alone.
jest.setTimeout(600_000);

const rows: string[] = [];

/** Deep enough that something can go wrong, and as deep as the bugs are that the scenario has to catch. */
function depthOf({ name }: Scenario): number {
  const depths = SEEDED_BUGS.filter(({ caughtBy }) => caughtBy === name).map(({ depth }) => depth);
  return Math.max(4, ...depths);
}

test.each(SCENARIOS.map((scenario) => [scenario.row ?? 'R3', depthOf(scenario), scenario.name, scenario] as const))(
  '%s: every order of %s steps of %s keeps every promise',
  async (_row, depth, name, scenario) => {
    const { counterexample, states, histories, orders } = await explore(scenario, depth);
    rows.push(
      `${name} to depth ${depth}: ${states} states, ${histories} histories, ${orders} orders of steps at least`,
    );
    expect(counterexample === undefined ? '' : toTest(counterexample)).toBe('');
    // An exploration that finds nothing to do proves nothing.
    expect(states).toBeGreaterThan(10 * depth);
  },
);

afterAll(() => {
  process.stdout.write(`Explored:\n${rows.map((row) => `  ${row}\n`).join('')}`);
});

import { afterAll, expect, jest, test } from '@jest/globals';

import { explore, SCENARIOS, toTest, type Scenario } from '../src/explorer/index.js';

/** Explores every scenario, and shows how much that was. */
export function describeExplorations(depthOf: (scenario: Scenario) => number): void {
  // On a machine that does much else at the same time it takes many times as long as alone.
  jest.setTimeout(1_800_000);
  const rows: string[] = [];

  test.each(SCENARIOS.map((scenario) => [depthOf(scenario), scenario.name, scenario] as const))(
    'R3: every order of %s steps of %s keeps every promise',
    async (depth, name, scenario) => {
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
}

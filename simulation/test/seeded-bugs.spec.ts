import { join } from 'node:path';

import { beforeAll, describe, expect, jest, test } from '@jest/globals';

import { runChild } from '../src/child/run-child.js';
import type { Exploration } from '../src/explorer/index.js';
import { SEEDED_BUGS } from '../src/seeded-bugs/seeded-bugs.js';

jest.setTimeout(600_000);

const RUN = join(import.meta.dirname, '../src/seeded-bugs/run.mjs');

interface Outcome extends Pick<Exploration, 'counterexample' | 'states'> {
  readonly name: string;
  /** Why it could not be seeded. */
  readonly error?: string;
}

let outcomes: ReadonlyMap<string, Outcome>;

beforeAll(async () => {
  const run = (await runChild(RUN)) as readonly Outcome[];
  outcomes = new Map(run.map((outcome) => [outcome.name, outcome]));
});

// That it finds nothing where no bug is seeded, to the same depths, is what explorer.spec.ts shows.
describe('R3: the explorer catches', () => {
  test.each(SEEDED_BUGS.map((bug) => [bug.name, bug] as const))('the seeded bug that %s', (name, { depth }) => {
    const { counterexample, error } = outcomes.get(name)!;
    expect(error).toBeUndefined();
    expect(counterexample?.complaints[0]).toEqual(expect.any(String));
    expect(counterexample!.steps.length).toBeLessThanOrEqual(depth);
  });
});

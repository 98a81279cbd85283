import { join } from 'node:path';

import { beforeAll, describe, expect, jest, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';
import type { Exploration } from '../explorer/index.js';
import { QUICK_DEPTH } from '../explorer/quick-depth.js';
import { HISTORY_BUGS } from './history-bugs.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

jest.setTimeout(600_000);

const RUN = join(import.meta.dirname, 'run.mjs');
const RUN_HISTORIES = join(import.meta.dirname, 'run-histories.mjs');

/** The long tier explores to the depth of each bug. */
const DEEPEST = process.env['STATEWIRE_TEST_TIER'] === 'full' ? Infinity : QUICK_DEPTH;
const BUGS = SEEDED_BUGS.filter(({ depth }) => depth <= DEEPEST);

interface Outcome extends Pick<Exploration, 'counterexample' | 'states'> {
  readonly name: string;
  /** The reason why it could not be seeded. */
  readonly error?: string;
}

interface Play {
  readonly name: string;
  readonly played: number;
  /** The error of the last played history; undefined if the bug survived. */
  readonly complaint?: string;
}

let outcomes: ReadonlyMap<string, Outcome>;
let plays: ReadonlyMap<string, Play>;

beforeAll(async () => {
  const run = (await runChild(RUN, '--depth', String(DEEPEST))) as readonly Outcome[];
  outcomes = new Map(run.map((outcome) => [outcome.name, outcome]));
  const played = (await runChild(RUN_HISTORIES)) as readonly Play[];
  plays = new Map(played.map((play) => [play.name, play]));
});

// In the same tier the explorer finds nothing at these depths where no bug is seeded (explorer.spec.ts, explorer.long.spec.ts).
describe('R3: the explorer catches', () => {
  test.each(BUGS.map((bug) => [bug.name, bug] as const))('the seeded bug that %s', (name, { depth }) => {
    const { counterexample, error } = outcomes.get(name)!;
    expect(error).toBeUndefined();
    expect(counterexample?.complaints[0]).toEqual(expect.any(String));
    expect(counterexample!.steps.length).toBeLessThanOrEqual(depth);
  });
});

// histories.spec.ts shows that they find nothing without a seeded bug.
describe('R1: random histories catch', () => {
  test.each(HISTORY_BUGS.map(({ name }) => [name]))('the seeded bug that %s', (name) => {
    const { complaint, played } = plays.get(name)!;
    expect(complaint).toEqual(expect.any(String));
    expect(complaint).not.toMatch(/cannot be/);
    expect(played).toBeGreaterThan(0);
  });
});

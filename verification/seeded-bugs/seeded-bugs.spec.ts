import { join } from 'node:path';

import { beforeAll, describe, expect, jest, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';
import type { Exploration } from '../explorer/index.js';
import { QUICK_DEPTH } from '../explorer/quick-depth.js';
import { DISTANT_BUGS } from './distant-bugs.js';
import { HISTORY_BUGS } from './history-bugs.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

jest.setTimeout(600_000);

const RUN = join(import.meta.dirname, 'run.mjs');
const IS_FULL = process.env['STATEWIRE_TEST_TIER'] === 'full';
/** The long tier explores to the depth of each bug. */
const DEEPEST = IS_FULL ? Infinity : QUICK_DEPTH;
/** The quick tier seeds one bug of three, selected by the seed of the run. */
const [share, seed] = [IS_FULL ? 1 : 3, Number(process.env['STATEWIRE_SEED'])];

const names = [...new Set([...SEEDED_BUGS, ...HISTORY_BUGS, ...DISTANT_BUGS].map(({ name }) => name))];
const chosen = new Set(names.filter((_, index) => index % share === seed % share));
const explored = SEEDED_BUGS.filter(({ name, depth }) => chosen.has(name) && depth <= DEEPEST);
const played = HISTORY_BUGS.filter(({ name }) => chosen.has(name));
const suffered = DISTANT_BUGS.filter(({ name }) => chosen.has(name));

interface Outcome {
  readonly name: string;
  readonly by: 'explore' | 'play' | 'suffer';
  /** The reason why it could not be seeded or run. */
  readonly error?: string;
}

type Explored = Outcome & Pick<Exploration, 'counterexample' | 'states'>;

interface Played extends Outcome {
  readonly played: number;
  /** The error of the last played history; undefined if the bug survived. */
  readonly complaint?: string;
}

let outcomes: readonly Outcome[];

beforeAll(async () => {
  const only = [...chosen].flatMap((name) => ['--only', name]);
  outcomes = (await runChild(RUN, '--depth', String(DEEPEST), ...only)) as readonly Outcome[];
});

function outcomeOf(by: Outcome['by'], name: string): Outcome {
  return outcomes.find((outcome) => outcome.by === by && outcome.name === name)!;
}

// Without a seeded bug the explorer finds nothing at these depths (explorer.spec.ts, explorer.long.spec.ts).
describe('R3: the explorer catches', () => {
  test.each(explored.map(({ name, depth }) => [name, depth] as const))('the seeded bug: %s', (name, depth) => {
    const { counterexample, error } = outcomeOf('explore', name) as Explored;
    expect(error).toBeUndefined();
    expect(counterexample?.complaints[0]).toEqual(expect.any(String));
    expect(counterexample!.steps.length).toBeLessThanOrEqual(depth);
  });
});

// histories.spec.ts shows that they find nothing without a seeded bug.
describe('R1: random histories catch', () => {
  test.each(played.map(({ name }) => [name]))('the seeded bug: %s', (name) => {
    const { complaint, error, played } = outcomeOf('play', name) as Played;
    expect(error).toBeUndefined();
    expect(complaint).toEqual(expect.any(String));
    expect(played).toBeGreaterThan(0);
  });
});

// distant-faults.spec.ts shows that no fault complains without a seeded bug.
describe('R14: faults of a distant broker catch', () => {
  test.each(suffered.map(({ name }) => [name]))('the seeded bug: %s', (name) => {
    const { complaint, error } = outcomeOf('suffer', name) as Played;
    expect(error).toBeUndefined();
    expect(complaint).toEqual(expect.any(String));
  });
});

import { expect, jest, test } from '@jest/globals';

import { mulberry32 } from '../../tools/lib/random.mjs';
import { begin, explore, perform, SCENARIOS, stateOf, type Scenario, type StepName } from './index.js';

jest.setTimeout(600_000);

const IS_FULL = process.env.STATEWIRE_TEST_TIER === 'full';
const DEPTH = IS_FULL ? 5 : 3;
/** Number of pairs of each scenario, and number of compared steps. */
const PAIRS = IS_FULL ? 100 : 5;
const LENGTH = 6;

const seed = Number(process.env.STATEWIRE_SEED);
/** The quick tier runs one third of the scenarios, selected by the seed. */
const scenarios = SCENARIOS.filter((_, index) => IS_FULL || index % 3 === seed % 3);

async function run(scenario: Scenario, steps: readonly StepName[]) {
  const world = await begin(scenario);
  for (const step of steps) await perform(world, step);
  return world;
}

/** Runs the same steps from both states and compares the results. */
async function expectAlike(scenario: Scenario, pair: readonly (readonly StepName[])[], random: () => number) {
  const taken = pair.map((steps) => [...steps]);
  const worlds = await Promise.all(pair.map((steps) => run(scenario, steps)));
  for (let length = 0; length < LENGTH; length++) {
    const [first, second] = worlds.map((world, index) => stateOf(scenario, world, taken[index]!));
    expect({ taken: JSON.stringify(taken), ...second! }).toEqual({ taken: JSON.stringify(taken), ...first! });
    const step = first!.enabled[Math.floor(random() * first!.enabled.length)];
    if (step === undefined) break;
    for (const [index, world] of worlds.entries()) {
      taken[index]!.push(step);
      await perform(world, step);
    }
  }
  for (const world of worlds) expect(await world.finish()).toEqual([]);
}

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  'R3: two histories of %s with an equal digest continue alike',
  async (_, scenario) => {
    const pairs: (readonly (readonly StepName[])[])[] = [];
    await explore(scenario, DEPTH, (steps, earlier) => pairs.push([earlier, steps]));
    expect(pairs.length).toBeGreaterThanOrEqual(5);
    const random = mulberry32(seed);
    for (let pair = 0; pair < PAIRS; pair++) {
      await expectAlike(scenario, pairs[Math.floor(random() * pairs.length)]!, random);
    }
  },
);

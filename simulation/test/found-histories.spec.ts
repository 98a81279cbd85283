import { expect, test } from '@jest/globals';

import {
  BOARD_SCENARIO,
  LATE_REFUSAL_SCENARIO,
  replay,
  SLOW_BROKER_SCENARIO,
  type Scenario,
  type StepName,
} from '../src/explorer/index.js';

/** Histories that broke a promise when the explorer found them. */
const FOUND: readonly (readonly [string, Scenario, readonly StepName[]])[] = [
  [
    'a topic that is left and followed anew while it is taken away errs with what the second subscribe is answered',
    BOARD_SCENARIO,
    ['authenticate narrow', 'leave board', 'follow board'],
  ],
  [
    'rights that come back before the first authenticate is answered bring the topic back',
    BOARD_SCENARIO,
    ['leave board', 'authenticate narrow', 'follow board', 'authenticate wide'],
  ],
  [
    'a poll that was sent with fewer rights does not take the topic away from who has them again',
    BOARD_SCENARIO,
    ['cut', 'authenticate narrow', 'poll', 'authenticate wide'],
  ],
  [
    'a poll that is answered by the old rights after the new ones are in force shows nothing and ends nothing',
    LATE_REFUSAL_SCENARIO,
    ['down', 'authenticate wide', 'up', 'down', 'down'],
  ],
  [
    'a topic that moves further than its history while the node starts over is told as beyond a gap',
    SLOW_BROKER_SCENARIO,
    ['up', 'publish board', 'flush board', 'broker answers', 'publish board', 'publish board', 'publish board'],
  ],
  [
    'rights that come back over a socket that breaks before it says so bring the topic back',
    BOARD_SCENARIO,
    ['authenticate narrow', 'authenticate wide', 'up', 'down', 'cut'],
  ],
];

test.each(FOUND)('R3: %s', async (_, scenario, steps) => {
  expect(await replay(scenario, steps)).toEqual([]);
});

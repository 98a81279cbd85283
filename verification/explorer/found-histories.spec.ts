import { expect, test } from '@jest/globals';

import {
  BOARD_SCENARIO,
  LATE_REJECTION_SCENARIO,
  replay,
  SLOW_BROKER_SCENARIO,
  type Scenario,
  type StepName,
} from './index.js';
import { play, type HistoryPlan } from '../histories/history.js';

/** Histories that broke a promise in the past. The explorer found them. */
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
    LATE_REJECTION_SCENARIO,
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

/** Random histories that broke a promise in the past. */
const FOUND_AT_RANDOM: readonly (readonly [string, HistoryPlan])[] = [
  [
    'a topic that a poll was refused is not shown by a socket whose older rights are still in force',
    {
      ...{ seed: 0, pages: 1, keepBroker: false, tick: 50 },
      commands: [
        { name: 'publish', page: 0, size: 0, pause: 110 },
        { name: 'stop reading', page: 0, size: 0, pause: 198 },
        { name: 'take a right and revoke with a grace', page: 0, size: 21, pause: 611 },
      ],
    },
  ],
  [
    'an update stays until its effect is there, also where its action overtook the subscription',
    {
      ...{ seed: 0, pages: 1, keepBroker: false, tick: 1_600 },
      commands: [
        { name: 'HTTP answers lost', page: 0, size: 0, pause: 0 },
        { name: 'publish', page: 0, size: 0, pause: 696 },
        { name: 'blackhole', page: 0, size: 0, pause: 927 },
        { name: 'publish', page: 0, size: 0, pause: 717 },
        { name: 'act', page: 0, size: 10, pause: 1 },
      ],
    },
  ],
  [
    'new credentials that expire before they are verified are presented anew, so that lost rights do not stay',
    {
      ...{ seed: 0, pages: 1, keepBroker: false, tick: 50 },
      commands: [
        { name: 'publish', page: 0, size: 0, pause: 30 },
        { name: 'restore', page: 0, size: 0, pause: 0 },
        { name: 'take a right and present credentials anew', page: 0, size: 0, pause: 0 },
        { name: 'expire token', page: 0, size: 0, pause: 0 },
      ],
    },
  ],
];

test.each(FOUND_AT_RANDOM)('R1: %s', async (_, plan) => {
  expect((await play(plan)).duration).toBeGreaterThan(0);
});

test.each(FOUND)('R3: %s', async (_, scenario, steps) => {
  expect(await replay(scenario, steps)).toEqual([]);
});

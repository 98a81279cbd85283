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

/** Histories that broke a guarantee in the past. The explorer found them. */
const FOUND: readonly (readonly [string, Scenario, readonly StepName[]])[] = [
  [
    'a topic that loses its permission during a new subscription gets the error of that subscription',
    BOARD_SCENARIO,
    ['authenticate narrow', 'leave board', 'follow board'],
  ],
  [
    'a permission restored before the answer to authenticate restores the topic',
    BOARD_SCENARIO,
    ['leave board', 'authenticate narrow', 'follow board', 'authenticate wide'],
  ],
  [
    'a poll sent without a permission does not end the topic after the permission is restored',
    BOARD_SCENARIO,
    ['cut', 'authenticate narrow', 'poll', 'authenticate wide'],
  ],
  [
    'a poll answered for the old token has no effect after the new one is accepted',
    LATE_REJECTION_SCENARIO,
    ['down', 'authenticate wide', 'up', 'down', 'down'],
  ],
  [
    'a topic that publishes beyond its history during a restart of the node reports a gap',
    SLOW_BROKER_SCENARIO,
    ['up', 'publish board', 'flush board', 'broker answers', 'publish board', 'publish board', 'publish board'],
  ],
  [
    'a permission restored over a socket that breaks before its answer restores the topic',
    BOARD_SCENARIO,
    ['authenticate narrow', 'authenticate wide', 'up', 'down', 'cut'],
  ],
];

/** Random histories that broke a guarantee in the past. */
const FOUND_AT_RANDOM: readonly (readonly [string, HistoryPlan])[] = [
  [
    'a topic that a poll rejects is not shown by a socket with an older token',
    {
      ...{ seed: 0, pages: 1, keepBroker: false, tick: 50 },
      commands: [
        { name: 'publish', page: 0, size: 0, pause: 110 },
        { name: 'stop reading', page: 0, size: 0, pause: 198 },
        { name: 'remove a permission and revoke with a grace period', page: 0, size: 21, pause: 611 },
      ],
    },
  ],
  [
    'an update stays until its effect arrives, even if its action overtook the subscription',
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
    'new credentials that expire before their verification are renewed, so that lost permissions end',
    {
      ...{ seed: 0, pages: 1, keepBroker: false, tick: 50 },
      commands: [
        { name: 'publish', page: 0, size: 0, pause: 30 },
        { name: 'restore', page: 0, size: 0, pause: 0 },
        { name: 'remove a permission and renew the token', page: 0, size: 0, pause: 0 },
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

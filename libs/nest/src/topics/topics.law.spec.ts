import { describe, test } from '@jest/globals';
import fc from 'fast-check';

import { topicHistories } from '../../test/support/topic-histories.js';
import { EVENTS, STATE } from '../../test/support/topics-set-up.js';

const full = process.env.STATEWIRE_TEST_TIER === 'full';

describe.each([STATE, EVENTS])('R3: in random histories of a topic of $kind', (topic) => {
  test('every reader has the value published at its position, without a hole or a repeat, and catches up', async () => {
    await fc.assert(topicHistories(topic), { numRuns: full ? 3_000 : 30 });
  });
});

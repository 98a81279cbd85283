import { expect, test } from '@jest/globals';
import type { ServerFrame } from '@statewire/protocol';

import { TestApplication } from '../support/test-application.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';

const limits = { frames: { perSecond: 0, perSecondPerUser: 0, perSecondPerAddress: 0 } };

/** Topics of one connection, 100 per frame. */
const COUNT = process.env.STATEWIRE_TEST_TIER === 'full' ? 100_000 : 3_000;

test('A9: of many thousand subscriptions of one connection, each one beyond 128 gets an error', async () => {
  const arena = await TestApplication.start({ realtime: { authenticate, limits }, providers: arenaProviders });
  const greedy = await arena.welcome('greedy');
  const answers = { subscribed: 0, refused: 0 };
  for (let first = 0; first < COUNT; first += 1_000) {
    // With twelve bytes each they fit into a frame of 64 KiB.
    for (let frame = 0; frame < 1_000; frame += 100) {
      const topics = Array.from({ length: 100 }, (_, index) => ({ topic: `battles/${first + frame + index}` }));
      greedy.send({ type: 'subscribe', topics });
    }
    await greedy.roundTrip();
    for (const { type } of (greedy.unread as ServerFrame[]).splice(0)) {
      if (type === 'subscribed') answers.subscribed += 1;
      if (type === 'error') answers.refused += 1;
    }
  }
  expect(answers).toEqual({ subscribed: 128, refused: COUNT - 128 });
  expect(arena.connections.list().find(({ user }) => user === 'greedy')?.subscriptions).toHaveLength(128);
  await arena.close();
});

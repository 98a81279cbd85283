import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { TestApplication } from '../support/test-application.js';
import type { TestSocket } from '../support/test-socket.js';
import { arenaProviders, authenticate, battle } from '../support/arena-fixture.js';

const READERS = process.env.STATEWIRE_TEST_TIER === 'full' ? 990 : 90;
const FLOODERS = 10;
const PUBLICATIONS = 20;
/** Twice what one connection may send in a second. */
const BURST = 40;

const BATTLE = battle.with({ battleId: '1000000' });

let arena: TestApplication;

beforeAll(async () => {
  // All clients have one address. Its limits are off, so that only the limits of each connection count.
  const limits = {
    frames: { perSecondPerAddress: 0 },
    connections: { perAddress: 0, newPerSecondPerAddress: 0, pendingPerAddress: 0 },
  };
  // The clock does not advance, so no token bucket refills on a slow machine.
  const clock = new VirtualEnvironment();
  arena = await TestApplication.start({ clock, realtime: { authenticate, limits }, providers: arenaProviders });
});

afterAll(() => arena.close());

async function follow(): Promise<TestSocket> {
  const socket = await arena.welcome();
  socket.send({ type: 'subscribe', topics: [{ topic: BATTLE.name }] });
  await socket.next('snapshot');
  return socket;
}

test('A11: clients that flood are closed with 4100 after a burst, and the others receive every publication', async () => {
  const readers = await Promise.all(Array.from({ length: READERS }, follow));
  const flooders = await Promise.all(Array.from({ length: FLOODERS }, follow));
  for (const flooder of flooders) for (let count = 0; count < 1_000; count++) flooder.send({ type: 'ping' });
  for (let hp = 1; hp <= PUBLICATIONS; hp++) {
    await arena.bus.publish(BATTLE, { hp });
    for (const reader of readers) await reader.next(['patch', 'snapshot']);
  }
  expect(await Promise.all(flooders.map((flooder) => flooder.closed()))).toEqual(flooders.map(() => 4100));
  for (const { unread } of flooders) expect(unread.filter(({ type }) => type === 'pong')).toHaveLength(BURST - 1);
});

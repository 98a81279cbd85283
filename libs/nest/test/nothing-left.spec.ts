import { afterEach, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { untilTrue } from './support/event-loop-turn.js';
import { heldBy, type Held } from './support/held.js';
import { TestApplication } from './support/test-application.js';
import { arenaProviders, authenticate, battle, notices } from './support/arena-fixture.js';
import { poll, post } from './support/transports.js';

const CLIENTS = 60;
const ROUNDS = 3;
const ACTION_WINDOW = 5_000;
const HISTORY_AGE = 10_000;
const LINGER = 5_000;

let arena: TestApplication;

afterEach(() => arena.close());

test('R17: the server keeps nothing of clients that left, however they left', async () => {
  const clock = new VirtualEnvironment();
  arena = await TestApplication.start({
    clock,
    realtime: {
      authenticate,
      actionWindowMs: ACTION_WINDOW,
      history: { ageMs: HISTORY_AGE },
      limits: { timeouts: { lingerMs: LINGER } },
    },
    providers: arenaProviders,
  });
  const before = heldBy(arena.app);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => comeAndGo(round * CLIENTS + n)));
  }
  expect(total(heldBy(arena.app))).toBeGreaterThan(total(before));
  await untilTrue(() => arena.connections.list().length === 0);
  await clock.advance(ACTION_WINDOW + HISTORY_AGE + LINGER);
  expect(heldBy(arena.app)).toEqual(before);
  expect(clock.timers).toBe(0);
});

/** One client that follows topics and acts. Some use HTTP, and some sockets end without a close frame. */
async function comeAndGo(n: number): Promise<void> {
  const clientId = `client-${n}`.padEnd(24, '-');
  const topics = [
    { topic: `battles/${n}` },
    { topic: `presence/battles/${n}` },
    { topic: 'notices' },
    { topic: `secrets/user-${n}` },
  ];
  const action = { id: '1', name: 'double', data: { n } };
  if (n % 2 === 0) {
    await poll(arena, topics, { clientId, headers: { authorization: `Bearer user-${n}` } });
    await post(arena, '/realtime/actions', { clientId, ...action }, { authorization: `Bearer user-${n}` });
    return;
  }
  const socket = await arena.connect();
  await socket.hello(`user-${n}`, clientId);
  socket.send({ type: 'subscribe', topics });
  socket.send({ type: 'action', ...action });
  await socket.next('ack');
  for (const { topic } of topics) await socket.next('subscribed', (frame) => frame.topic === topic);
  await arena.bus.publish(battle.with({ battleId: String(n) }), { hp: -n });
  await arena.bus.publish(notices.with(), { text: `from ${n}` });
  await socket.next(['patch', 'snapshot'], (frame) => frame.topic === `battles/${n}` && frame.offset === 2);
  if (n % 3 === 0) socket.webSocket.terminate();
  else await socket.close();
}

function total(sizes: Held): number {
  return Object.values(sizes).reduce((sum, size) => sum + size, 0);
}

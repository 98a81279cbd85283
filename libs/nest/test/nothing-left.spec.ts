import { afterEach, expect, test } from '@jest/globals';

import { systemEnvironment, type Environment } from '../src/index.js';
import { heldBy, type Held } from '../src/testing/held.js';
import { TestApplication } from '../src/testing/test-application.js';
import { arenaProviders, authenticate, battle, notices } from './arena.fixture.js';
import { poll, post } from './transports.js';

const CLIENTS = 60;
const ROUNDS = 3;
/** Everything is forgotten in its time, and that runs so much faster here. */
const HASTE = 50;

const hasty: Partial<Environment> = {
  now: () => systemEnvironment.now() * HASTE,
  monotonic: () => systemEnvironment.monotonic() * HASTE,
  setTimer: (callback, delay) => systemEnvironment.setTimer(callback, delay / HASTE),
};

let arena: TestApplication;

afterEach(() => arena.close());

test('R17: when everybody has left, whichever way, nothing of them is held', async () => {
  arena = await TestApplication.start({
    realtime: {
      authenticate,
      environment: hasty,
      actionWindow: 5_000,
      history: { age: 10_000 },
      heartbeat: { interval: 3_600_000 },
      // Deadlines that would pass too early in that haste.
      limits: { helloTimeout: 0, authenticationTimeout: 0, loadTimeout: 0, actionTimeout: 0, linger: 5_000 },
    },
    providers: arenaProviders,
  });
  const before = heldBy(arena.app);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => comeAndGo(round * CLIENTS + n)));
  }
  expect(total(heldBy(arena.app))).toBeGreaterThan(total(before));
  await expect(eventually(before)).resolves.toEqual(before);
}, 20_000);

/** One client that follows topics and acts; every other one over HTTP, every third socket without a farewell. */
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

/** What is held once it is as expected, or after some seconds. */
async function eventually(expected: Held): Promise<Held> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const now = heldBy(arena.app);
    if (JSON.stringify(now) === JSON.stringify(expected) || Date.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { afterEach, expect, test } from '@jest/globals';

import { TestApplication } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { arenaProviders, authenticate, battle } from './support/arena-fixture.js';

const CLIENTS = 1_000;
const AT_ONCE = 100;

let arena: TestApplication;

afterEach(() => arena.close());

test('a thousand concurrent clients get the value and then every change in order', async () => {
  arena = await TestApplication.start({
    realtime: { authenticate, limits: { connections: { perAddress: 0, pendingPerAddress: 0 } } },
    providers: arenaProviders,
  });
  const sockets: TestSocket[] = [];
  while (sockets.length < CLIENTS) {
    sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => subscribed()))));
  }
  expect(arena.connections.list()).toHaveLength(CLIENTS);

  for (const hp of [90, 80, 70]) await arena.bus.publish(battle.with({ battleId: '100' }), { hp });
  const offsets = await Promise.all(sockets.map((socket) => lastOffset(socket)));
  expect(new Set(offsets).size).toBe(1);
}, 20_000);

/** A client that has received its first value. */
async function subscribed(): Promise<TestSocket> {
  const socket = await arena.connect();
  socket.send({ type: 'hello', clientId: 'client-0123456789abcdef' });
  socket.send({ type: 'subscribe', topics: [{ topic: 'battles/100' }] });
  expect(await socket.next('snapshot')).toMatchObject({ data: { hp: 100 } });
  return socket;
}

/** The position of a client after the last change. Throws on a hole. */
async function lastOffset(socket: TestSocket): Promise<number> {
  const { offset: start } = await socket.next('subscribed');
  let at = start;
  while (at < start + 3) {
    const frame = await socket.next(['patch', 'snapshot']);
    if (frame.type === 'patch') expect(frame.from).toBe(at);
    expect(frame.offset).toBeGreaterThan(at);
    at = frame.offset;
  }
  return at;
}

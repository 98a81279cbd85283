import { describe, expect, test } from '@jest/globals';

import { createRealtimeClient, type ClientEnvironment } from '../src/index.js';
import { battle, battleAt, setUp } from './support/bench.js';

const LOCK = 'statewire http://fake/realtime';
const polling = { waitMs: 25_000 };

/** The lock that the pages of one browser share. */
function browser(): NonNullable<ClientEnvironment['tryLock']> {
  const taken = new Set<string>();
  return async (name) => {
    await Promise.resolve();
    if (taken.has(name)) return undefined;
    taken.add(name);
    return () => taken.delete(name);
  };
}

describe('R24: held polls of several pages', () => {
  test('number at most one per browser, and every page is current', async () => {
    const { environment, server } = setUp();
    const tryLock = browser();
    let [held, most] = [0, 0];
    const fetch: NonNullable<typeof environment.fetch> = async (url, init) => {
      const isHeld = Number(((init?.body ?? '') as string).includes('"wait"'));
      held += isHeld;
      most = Math.max(most, held);
      try {
        return await server.network.fetch!(url, init);
      } finally {
        held -= isHeld;
      }
    };
    server.publish(battle, battleAt(1));
    const ticks = Array.from({ length: 8 }, () => 0);
    const clients = ticks.map((_, page) => {
      const client = createRealtimeClient({
        origin: 'http://fake',
        polling,
        environment: { ...environment, openWebSocket: undefined, fetch, tryLock },
      });
      client.state(battle).subscribe(({ tick }) => (ticks[page] = tick));
      return client;
    });
    await environment.advance(10_000);
    expect([held, most]).toEqual([1, 1]);
    server.publish(battle, battleAt(2));
    await environment.advance(2_100);
    expect(ticks).toEqual(ticks.map(() => 2));
    for (const client of clients.slice(0, 7)) client.close();
    await environment.advance(5_000);
    expect([held, most]).toEqual([1, 1]);
  });

  test('do not happen in a browser without locks', async () => {
    const { environment, server, client } = setUp({
      polling,
      environment: { openWebSocket: undefined, tryLock: () => Promise.resolve(undefined) },
    });
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    await environment.advance(20_000);
    expect(server.polls.length).toBeGreaterThan(8);
    expect(server.polls.every(({ wait }) => wait === undefined)).toBe(true);
  });

  test('end with the page, and leave the lock to the next page', async () => {
    const tryLock = browser();
    const { environment, server, client } = setUp({ polling, environment: { openWebSocket: undefined, tryLock } });
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    await environment.advance(5_000);
    expect(await tryLock(LOCK)).toBeUndefined();
    environment.hidePage();
    await environment.settle();
    expect(await tryLock(LOCK)).toBeDefined();
  });
});

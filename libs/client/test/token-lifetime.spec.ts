import { describe, expect, test } from '@jest/globals';

import { battle, setUp, type Setup } from './support/bench.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

const CLOCKS: Record<string, (bench: Setup, minute: number) => void> = {
  'is right': () => undefined,
  'is a day ahead': ({ environment }, minute) => minute === 0 && environment.setWallClock(environment.now() + DAY),
  'is a day behind': ({ environment }, minute) => minute === 0 && environment.setWallClock(environment.now() - DAY),
  'jumps back and forth by a day every few minutes': ({ environment }, minute) =>
    minute % 7 === 3 && environment.setWallClock(environment.now() + (minute % 2 === 0 ? DAY : -DAY)),
};

describe('R15: a token of ten minutes, with a wall clock that', () => {
  test.each(Object.entries(CLOCKS))('%s, is renewed six times in an hour and never expires', async (_, set) => {
    let given = 0;
    const bench = setUp({ token: () => `token-${++given}` });
    const { environment, server, client, statuses } = bench;
    // The clock of the server stays right.
    const start = environment.now();
    const began = environment.monotonic();
    const serverNow = () => start + environment.monotonic() - began;
    server.expiresAt = () => serverNow() + 10 * MINUTE;
    Object.defineProperty(server, 'environment', { value: { ...environment, now: serverNow } });
    set(bench, 0);
    client.state(battle).subscribe();
    for (let minute = 1; minute <= 60; minute++) {
      await environment.advance(MINUTE);
      set(bench, minute);
    }
    await environment.advance(MINUTE);
    const [connection] = server.connections;
    const renewed = connection!.received.filter(({ type }) => type === 'authenticate').length;
    expect([server.upgradeCount, given, renewed]).toEqual([1, 7, 6]);
    expect(client.status.state).toBe('live');
    expect(statuses.some((status) => 'reason' in status && status.reason?.code === 'close-4202')).toBe(false);
  });
});

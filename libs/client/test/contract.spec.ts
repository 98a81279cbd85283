import { describe, expect, test } from '@jest/globals';

import { battle, setUp } from './support/bench.js';

const TRANSPORTS = [
  ['the WebSocket', {}],
  ['polling', { environment: { openWebSocket: undefined } }],
] as const;

describe.each(TRANSPORTS)('the contract over %s', (_, options) => {
  test('of an older client makes it outdated, and calls the hook once', async () => {
    const told: number[] = [];
    const { client, environment, server } = setUp({
      ...options,
      contractVersion: 2,
      onOutdated: (minContract) => told.push(minContract),
    });
    const seen: boolean[] = [];
    client.status$.subscribe(({ outdated }) => seen.push(outdated));
    server.minContract = 2;
    client.state(battle).subscribe();
    await environment.advance(5_000);
    expect(client.status.outdated).toBe(false);
    server.minContract = 3;
    server.cut();
    await environment.advance(20_000);
    expect(client.status.outdated).toBe(true);
    server.cut();
    await environment.advance(20_000);
    expect(told).toEqual([3]);
    expect(seen).toContain(true);
    server.minContract = undefined;
    server.cut();
    await environment.advance(20_000);
    expect(client.status.outdated).toBe(false);
  });

  test('is sent to the server, and is older than every version if there is none', async () => {
    const { client, environment, server } = setUp({ ...options, contractVersion: 7 });
    client.connect();
    await environment.advance(5_000);
    expect([...server.polls, ...server.connections.map(({ hello }) => hello)][0]).toMatchObject({ contract: 7 });
    const other = setUp(options);
    other.server.minContract = 1;
    other.client.connect();
    await other.environment.advance(5_000);
    expect(other.client.status.outdated).toBe(true);
  });

  test('an error of the hook goes to onError', async () => {
    const errors: unknown[] = [];
    const { client, environment, server } = setUp({
      ...options,
      onError: (error) => errors.push(error),
      onOutdated: () => {
        throw new Error('in the hook');
      },
    });
    server.minContract = 1;
    client.connect();
    await environment.advance(5_000);
    expect(errors).toEqual([new Error('in the hook')]);
    expect(client.status.outdated).toBe(true);
  });
});

test.each([0, 1.5, NaN])('a contract version of %d is no option', (contractVersion) => {
  expect(() => setUp({ contractVersion })).toThrow('The option contractVersion must be an integer from 1');
});

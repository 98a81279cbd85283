import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { ServerProcess } from '@statewire/verification/faults';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import { RollingClient } from './support/rolling-client.js';
import { until } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;

const NODES = 3;
const CLIENTS = 1_000;
const AT_ONCE = 100;
const PERIOD_MS = 500;
const SCRIPT = join(import.meta.dirname, 'support/rolling-node.ts');

const disposals: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
}, 60_000);

/** Three nodes for the clients, and one more that publishes a number every half second until it is stopped. */
async function setUp() {
  const server = await RedisServer.start();
  disposals.push(() => server.dispose());
  const start = async () => {
    const process = new ServerProcess(SCRIPT, { env: { REDIS_ADDRESS: server.url } });
    disposals.push(() => process.destroy());
    return { process, origin: await process.origin() };
  };
  const publisher = await start();
  const nodes = await Promise.all(Array.from({ length: NODES }, start));
  const origins = nodes.map(({ origin }) => origin);
  let newest = 0;
  const publishing = setInterval(() => publisher.process.child.send((newest += 1)), PERIOD_MS);
  disposals.push(() => clearInterval(publishing));

  const clients: RollingClient[] = [];
  disposals.push(() => clients.forEach((client) => client.close()));
  while (clients.length < CLIENTS) {
    clients.push(...Array.from({ length: AT_ONCE }, () => new RollingClient(origins)));
    await until('the first numbers', () => clients.every(({ numbers }) => numbers.length > 0));
  }
  return {
    clients,
    /** Ends a node by a signal. A new one takes connections before a node that drains stops to. */
    replace: async (slot: number, signal: NodeJS.Signals) => {
      const old = nodes[slot]!;
      nodes[slot] = await start();
      origins[slot] = nodes[slot].origin;
      await old.process.exit(signal);
    },
    /** Resolves with the last number when every client has it. */
    end: async () => {
      clearInterval(publishing);
      const last = newest;
      publisher.process.child.send(last + 1);
      await once(publisher.process.child, 'message');
      await until('the last number', () =>
        clients.every(({ numbers, board }) => numbers.at(-1) === last + 1 && board === last + 1),
      );
      return last + 1;
    },
  };
}

function expectNothingLost(clients: readonly RollingClient[], last: number): void {
  for (const { faults, numbers } of clients) {
    const first = numbers[0]!;
    expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
    expect(faults).toEqual([]);
  }
}

describe('X14: three nodes with a thousand clients', () => {
  testWithServer(
    'restart one after the other, five times, and no client loses or repeats anything',
    async () => {
      const { clients, end, replace } = await setUp();
      for (let restart = 0; restart < 5 * NODES; restart += 1) await replace(restart % NODES, 'SIGTERM');
      expectNothingLost(clients, await end());

      const reconnects = clients.reduce((sum, client) => sum + client.reconnects, 0);
      const snapshots = clients.reduce((sum, client) => sum + client.snapshots, 0);
      expect(reconnects).toBeGreaterThanOrEqual(CLIENTS);
      expect(snapshots).toBeLessThanOrEqual(reconnects * 0.05);
    },
    600_000,
  );

  testWithServer(
    'are killed one after the other, and no client loses or repeats anything',
    async () => {
      const { clients, end, replace } = await setUp();
      for (let slot = 0; slot < NODES; slot += 1) {
        await replace(slot, 'SIGKILL');
        await wait(PERIOD_MS);
      }
      expectNothingLost(clients, await end());
    },
    600_000,
  );
});

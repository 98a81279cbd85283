import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect } from '@jest/globals';

import { PERIOD_MS, RollingNodes } from './rolling-restart/rolling-nodes.js';
import type { RollingClient } from './rolling-restart/rolling-client.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { useServers } from './use-servers.js';

const NODES = 3;
const CLIENTS = 1_000;
const LONGEST_MS = 600_000;

/** Defines the tests of nodes that are replaced one after another while clients follow topics: X14. */
export function describeRollingRestart<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const { keep, testHere } = useServers(tested);

  async function start(): Promise<RollingNodes> {
    const server = keep(await tested.startServer());
    const nodes = keep(new RollingNodes(tested.nodeScript, server.url));
    await nodes.start(NODES);
    await nodes.connect(CLIENTS);
    return nodes;
  }

  describe('X14: three nodes with a thousand clients', () => {
    testHere(
      'restart one after the other, five times, and no client loses or repeats anything',
      async () => {
        const nodes = await start();
        for (let restart = 0; restart < 5 * NODES; restart += 1) await nodes.replace(restart % NODES, 'SIGTERM');
        expectNothingLost(nodes.clients, await nodes.end());

        const reconnects = nodes.clients.reduce((sum, client) => sum + client.reconnects, 0);
        const snapshots = nodes.clients.reduce((sum, client) => sum + client.snapshots, 0);
        expect(reconnects).toBeGreaterThanOrEqual(CLIENTS);
        expect(snapshots).toBeLessThanOrEqual(reconnects * 0.05);
      },
      LONGEST_MS,
    );

    testHere(
      'are killed one after the other, and no client loses or repeats anything',
      async () => {
        const nodes = await start();
        for (let slot = 0; slot < NODES; slot += 1) {
          await nodes.replace(slot, 'SIGKILL');
          await wait(PERIOD_MS);
        }
        expectNothingLost(nodes.clients, await nodes.end());
      },
      LONGEST_MS,
    );
  });
}

function expectNothingLost(clients: readonly RollingClient[], last: number): void {
  for (const { faults, numbers } of clients) {
    const first = numbers[0]!;
    expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
    expect(faults).toEqual([]);
  }
}

import { expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';

import { actAtTimes } from './support/acting.js';
import { BusyServer } from './support/busy/busy-server.js';
import { field, isGenuine, log } from './support/busy/contract.js';
import { FaultProxy } from './support/fault-proxy/index.js';
import { Oracle } from './support/oracle/index.js';
import { seeded, type Seeded } from './support/seed.js';
import { until } from './support/until.js';
import { breakSomething } from './random-breaking.js';

const CLIENTS = 16;
/** Of each kind; every client follows two of each. */
const TOPICS = 6;
/** Milliseconds between two publications. */
const PERIOD = 100;
/** Mean milliseconds between two faults. */
const PAUSE = 50;
const HEARTBEAT = { intervalMs: 1_000, timeoutMs: 500 };
const FAULTS = process.env.STATEWIRE_TEST_TIER === 'full' ? [100, 2_400] : [60];

it.each(FAULTS)(
  'R1: on real sockets that break %d times at random, clients show correct values, and nothing is repeated',
  async (faults) => {
    const random = seeded();
    const oracle = new Oracle({ isGenuine });
    const server = await BusyServer.start(
      {
        topics: TOPICS,
        period: PERIOD,
        onPublished: (topic, position, data) => oracle.published(topic, position, data),
      },
      { heartbeat: HEARTBEAT, history: { count: 10_000, bytes: 0 } },
    );
    const proxy = await FaultProxy.start(server.port, { random: random.random });
    const clients = Array.from({ length: CLIENTS }, (_, n) => follow(n, proxy.origin, oracle));
    const acting = actAtTimes(clients);
    try {
      await breakTimes(faults, proxy, random);
      await oracle.started();
      await until(
        () => clients.every(({ status }) => status.state === 'live'),
        () => JSON.stringify(clients.map(({ status }) => status.state)),
      );
      server.world.stopPublishing();
      await server.world.publish();
      await oracle.converged(server.world.tops);
      const actions = await acting.end();
      for (const client of clients) client.close();
      await until(
        () => server.connections.list().length === 0,
        () => 'connections are left',
      );

      expect(oracle.violations).toEqual([]);
      expect(oracle.losses).toBe(0);
      expect(actions).toEqual({ sent: actions.sent, answered: actions.sent, failed: [] });
      expect([...server.world.done.values()].filter((times) => times !== 1)).toEqual([]);
      expect([...acting.answered].filter((key) => !server.world.done.has(key))).toEqual([]);
      // The server published once for each topic before the first client, and each client saw some later publications.
      expect(oracle.checked).toBeGreaterThan(CLIENTS * 2 * 2);
      expect(server.complaints.filter((line) => /uncaught|unhandled|internal/i.test(line))).toEqual([]);
    } finally {
      acting.stop();
      for (const client of clients) client.close();
      await proxy.stop();
      await server.stop();
    }
  },
  600_000,
);

/** Causes this number of faults; resolves after the last one has ended. */
async function breakTimes(times: number, proxy: FaultProxy, random: Seeded): Promise<void> {
  for (let fault = 0; fault < times; fault += 1) {
    await new Promise((resolve) => setTimeout(resolve, random.random() * 2 * PAUSE));
    breakSomething(proxy, random);
  }
  proxy.restore();
}

function follow(n: number, origin: string, oracle: Oracle): RealtimeClient {
  const client = createRealtimeClient({
    origin,
    polling: { intervalMs: 200 },
    backoff: { networkMs: 50, serverMs: 50, overloadMs: 50, maxMs: 400 },
    environment: { openWebSocket: oracle.openWebSocket },
  });
  for (const offset of [0, 1]) {
    const id = String((n + offset) % TOPICS);
    oracle.followState(`client ${n}`, client, field.with({ id }));
    oracle.followEvents(`client ${n}`, client, log.with({ id }));
  }
  return client;
}

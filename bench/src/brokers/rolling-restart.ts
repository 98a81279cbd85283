import { setTimeout as wait } from 'node:timers/promises';

import type { Measurement } from '../measurements.js';
import { RemoteProcess } from '../remote-process.js';
import { RedisProcess } from './redis-process.js';
import { Balancer, type RollingClient, socketIoClient, statewireClient } from './rolling-clients.js';
import { DRAIN_MS, type RollingRole } from './rolling-contract.js';

const NODES = 3;
const PERIOD_MS = 500;
const AT_ONCE = 50;
/** A node gets this long to end after SIGTERM. */
const ENDS_WITHIN_MS = 15_000;
/** Numbers that every client must have after the last restart. */
const SETTLES_WITHIN_MS = 30_000;

const ARMS = {
  statewire: { role: './brokers/roles/rolling-statewire.role.js', connect: statewireClient },
  'socket.io streams': { role: './brokers/roles/rolling-socket-io.role.js', connect: socketIoClient },
} as const;

export const ROLLING_ARMS = Object.keys(ARMS) as (keyof typeof ARMS)[];

/** Restarts each of three nodes in turn, `times` times, while two numbers a second go to all clients. */
export async function rollingRestart(arm: keyof typeof ARMS, clients: number, times: number): Promise<Measurement[]> {
  const { role, connect } = ARMS[arm];
  const redis = await RedisProcess.start();
  const start = (): Promise<RemoteProcess<RollingRole>> => RemoteProcess.start<RollingRole>(role, { url: redis.url });
  const publisher = await start();
  const nodes = await Promise.all(Array.from({ length: NODES }, start));
  const balancer = new Balancer(await Promise.all(nodes.map((node) => node.call('port'))));
  const all: RollingClient[] = [];
  let n = 0;
  let published: Promise<unknown> = Promise.resolve();
  const publishing = setInterval(() => {
    n += 1;
    published = publisher.call('publish', n);
  }, PERIOD_MS);
  try {
    while (all.length < clients) {
      all.push(...Array.from({ length: Math.min(AT_ONCE, clients - all.length) }, () => connect(balancer)));
      await wait(AT_ONCE * 4);
    }
    await until(() => all.every(({ observer }) => observer.last > 0));
    for (let restart = 0; restart < times * NODES; restart += 1) {
      const slot = restart % NODES;
      const [old, next] = [nodes[slot]!, await start()];
      // The new node takes connections before the old one stops to, as in a deploy with one node more.
      balancer.ports[slot] = await next.call('port');
      nodes[slot] = next;
      await old.stop(ENDS_WITHIN_MS);
      await wait(DRAIN_MS);
    }
    clearInterval(publishing);
    await published;
    await until(() => all.every(({ observer }) => observer.last === n));
    return measurements(arm, all, n, `${clients} clients, ${times} × ${NODES} restarts`);
  } finally {
    clearInterval(publishing);
    for (const client of all) client.close();
    await Promise.all([publisher, ...nodes].map((node) => node.stop()));
    await redis.stop();
  }
}

function measurements(arm: string, clients: readonly RollingClient[], newest: number, name: string): Measurement[] {
  const observers = clients.map(({ observer }) => observer);
  const sum = (value: (one: (typeof observers)[number]) => number): number =>
    observers.reduce((total, one) => total + value(one), 0);
  const reconnects = sum((one) => one.reconnects);
  const row = (metric: string, unit: string, value: number): Measurement => ({
    arm,
    metric: `rolling restart: ${metric} (${name})`,
    unit,
    value,
  });
  return [
    row(
      'lost',
      'events',
      sum((one) => one.lost),
    ),
    row(
      'repeated',
      'events',
      sum((one) => one.repeated),
    ),
    row('reconnects', 'connections', reconnects),
    row('resumed without a whole value', '%', (100 * (reconnects - sum((one) => one.restarted))) / reconnects),
    row('longest gap of a client', 'ms', Math.max(...observers.map((one) => one.longestGapMs))),
    row(
      'a topic with a source had no value',
      'times',
      sum((one) => one.withoutValue),
    ),
  ];
}

/** Resolves when the condition holds, or after {@link SETTLES_WITHIN_MS}: what is missing then counts as lost. */
async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < SETTLES_WITHIN_MS; waited += 50) await wait(50);
}

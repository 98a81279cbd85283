import { setTimeout as wait } from 'node:timers/promises';

import type { Measurement } from '../measurements.js';
import { RemoteProcess } from '../remote-process.js';
import type { NodeReport } from './node-report.js';
import { RedisProcess } from './redis-process.js';
import type { BrokerRole } from './role.js';

const TOPICS = 100;
const COUNT = 4_000;
/** Rounds that bring code and connections to life, and that give each topic its first value. */
const WARM_UP = 2_000;
const WINDOW = 64;
const PER_SECOND = 1_000;
const GIVES_UP_AFTER_MS = 5_000;

const ROLES: Readonly<Record<string, { readonly role: string; readonly form?: string }>> = {
  'broker-redis': { role: './brokers/roles/statewire.role.js' },
  'broker-postgres': { role: './brokers/roles/statewire.role.js' },
  'value and delta': { role: './brokers/roles/bare-redis.role.js', form: 'value-and-delta' },
  'bare PUBLISH': { role: './brokers/roles/bare-redis.role.js', form: 'bare' },
  'socket.io streams': { role: './brokers/roles/socket-io.role.js' },
};

/** A PostgreSQL server of the user's own. Without it `broker-postgres` is left out. */
export const databaseUrl = process.env.DATABASE_URL;

/** The cost of publications of one node for the server of the broker and for `nodes` nodes that follow all topics. */
export async function brokerCost(arm: string, nodes: number, pace: 'window' | 'rate'): Promise<Measurement[]> {
  const redis = arm === 'broker-postgres' ? undefined : await RedisProcess.start();
  const processes: RemoteProcess<BrokerRole>[] = [];
  const node = async (): Promise<RemoteProcess<BrokerRole>> => {
    const { role, form } = ROLES[arm]!;
    const process = await RemoteProcess.start<BrokerRole>(role, { url: redis?.url ?? databaseUrl, form });
    processes.push(process);
    return process;
  };
  try {
    const publisher = await node();
    const followers = await Promise.all(Array.from({ length: nodes }, node));
    for (const follower of followers) await follower.call('follow', TOPICS);
    await publisher.call('publish', { topics: TOPICS, count: WARM_UP, window: WINDOW });
    await received(followers, WARM_UP);
    for (const follower of followers) await follower.call('reset');

    const before = await redis?.usage();
    const speed = pace === 'rate' ? { perSecond: PER_SECOND } : { window: WINDOW };
    const took = await publisher.call('publish', { topics: TOPICS, count: COUNT, ...speed });
    const reports = await received(followers, COUNT);
    const after = await redis?.usage();

    const mean = (value: (report: NodeReport) => number): number =>
      reports.reduce((sum, report) => sum + value(report), 0) / reports.length;
    const name = `${nodes} nodes, ${pace === 'rate' ? `${PER_SECOND}/s` : `${WINDOW} under way`}`;
    const row = (metric: string, unit: string, value: number): Measurement => ({
      arm,
      metric: `${metric} (${name})`,
      unit,
      value,
    });
    const perNode = [
      row(
        'CPU of a node per message',
        'µs',
        mean(({ cpuPerMessage }) => cpuPerMessage),
      ),
      pace === 'rate'
        ? row(
            'publish to node, p50',
            'ms',
            mean(({ latency }) => latency),
          )
        : row('publications', '1/s', (COUNT * 1_000) / took),
    ];
    if (!before || !after) return perNode;
    return [
      row('Redis CPU per publication', 'µs', (after.cpu - before.cpu) / COUNT),
      row('bytes into Redis', 'B', (after.bytesIn - before.bytesIn) / COUNT),
      row('bytes out of Redis', 'B', (after.bytesOut - before.bytesOut) / COUNT),
      ...perNode,
    ];
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await redis?.stop();
  }
}

/** Resolves with the reports of the nodes when each has all messages. @throws Error if no message arrives for a while. */
async function received(nodes: readonly RemoteProcess<BrokerRole>[], count: number): Promise<NodeReport[]> {
  let last = '';
  for (let silent = 0; silent < GIVES_UP_AFTER_MS; silent += 50) {
    const reports = await Promise.all(nodes.map((node) => node.call('report')));
    if (reports.every(({ messages }) => messages === count)) return reports;
    const counts = reports.map(({ messages }) => messages).join(', ');
    if (counts !== last) silent = 0;
    last = counts;
    await wait(50);
  }
  throw new Error(`The nodes have ${last} messages of ${count}.`);
}

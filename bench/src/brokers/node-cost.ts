import { type BenchClient, connectAll, DIALECTS, settled } from '../bench-client.js';
import type { Measurement } from '../measurements.js';
import { percentile } from '../percentile.js';
import { RemoteProcess } from '../remote-process.js';
import { RedisProcess } from './redis-process.js';
import type { ServerRole } from './roles/server.role.js';

const PER_SECOND = 10;
/** Nodes that serve for a while have compiled code. 400 publications are enough for stable figures. */
const WARM_UP = { count: 400, perSecond: 100 };
const COUNT = 50;

/**
 * Latency from publishing to a client, and the CPU of all nodes for a delivered frame, with `clients` clients spread
 * evenly. Nodes with the memory broker share nothing: each publishes the same. They show what several processes on the
 * cores of this machine cost without a broker.
 */
export async function nodeCost(broker: 'memory' | 'Redis', nodes: number, clients: number): Promise<Measurement[]> {
  const redis = broker === 'memory' ? undefined : await RedisProcess.start();
  const servers = await Promise.all(
    Array.from({ length: nodes }, () =>
      RemoteProcess.start<ServerRole>('./brokers/roles/server.role.js', { redisUrl: redis?.url }),
    ),
  );
  const publishers = broker === 'memory' ? servers : servers.slice(0, 1);
  const connected: BenchClient[] = [];
  try {
    for (const server of servers) {
      connected.push(...(await connectAll(DIALECTS.statewire!, await server.call('port'), clients / servers.length)));
    }
    const run = async (command: { readonly count: number; readonly perSecond: number }): Promise<void> => {
      for (const client of connected) client.reset();
      await Promise.all(publishers.map((server) => server.call('publish', command)));
      await settled(connected, command.count);
    };
    const cpu = async (): Promise<number> => {
      const all = await Promise.all(servers.map((server) => server.call('cpu')));
      return all.reduce((sum, one) => sum + one, 0);
    };
    await run(WARM_UP);
    const before = await cpu();
    await run({ count: COUNT, perSecond: PER_SECOND });
    const after = await cpu();
    const delivered = connected.reduce((sum, client) => sum + client.messages, 0);
    if (delivered !== COUNT * clients) throw new Error(`${delivered} of ${COUNT * clients} frames arrived.`);
    const latencies = connected.flatMap((client) => client.latencies);
    const arm = `${broker}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
    return [
      { arm, metric: `publish to client, p50 (${clients} clients)`, unit: 'ms', value: percentile(latencies, 0.5) },
      {
        arm,
        metric: `CPU of all nodes per frame (${clients} clients)`,
        unit: 'µs',
        value: (after - before) / delivered,
      },
    ];
  } finally {
    for (const client of connected) client.close();
    await Promise.all(servers.map((server) => server.stop()));
    await redis?.stop();
  }
}

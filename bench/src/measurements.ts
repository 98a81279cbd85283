import { BenchClient, connectAll, DIALECTS, type Dialect } from './bench-client.js';
import { percentile } from './percentile.js';
import { bytesPerPoll } from './polling-cost.js';
import { ServerHandle } from './server-handle.js';

export interface Measurement {
  readonly arm: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

const HZ = 10;
const POLL_INTERVAL = 2_000;

/** Memory of the server per idle, subscribed connection. */
export async function memory(arm: string, count: number): Promise<Measurement[]> {
  return withServer(arm, async (server, dialect) => {
    // The first connections bring code and pools to life that the later ones share.
    const warm = await connectAll(dialect, server.port, 50);
    const before = (await server.ask({ type: 'usage' }, 'usage')).memory;
    const clients = await connectAll(dialect, server.port, count);
    const after = (await server.ask({ type: 'usage' }, 'usage')).memory;
    for (const client of [...warm, ...clients]) client.close();
    return [{ arm, metric: `memory per connection (${count})`, unit: 'KiB', value: (after - before) / count / 1024 }];
  });
}

/** Latency from publishing to arrival, and bytes per client, with a battle at 10 Hz. */
export async function latency(arm: string, count: number, duration: number): Promise<Measurement[]> {
  return withServer(arm, async (server, dialect) => {
    const clients = await connectAll(dialect, server.port, count);
    await server.ask({ type: 'publish-battle', hz: HZ, duration: 1_000 }, 'done');
    for (const client of clients) client.reset();
    await server.ask({ type: 'publish-battle', hz: HZ, duration }, 'done');
    const expected = (duration * HZ) / 1000;
    await settled(clients, expected);
    const samples = clients.flatMap((client) => client.latencies);
    const bytes = clients.reduce((sum, client) => sum + client.bytes, 0) / count / (duration / 1000);
    for (const client of clients) client.close();
    return [
      { arm, metric: `latency p50 (${count})`, unit: 'ms', value: percentile(samples, 0.5) },
      { arm, metric: `latency p99 (${count})`, unit: 'ms', value: percentile(samples, 0.99) },
      { arm, metric: `delivered (${count})`, unit: '%', value: (100 * samples.length) / (count * expected) },
      { arm, metric: `bytes per client (${count})`, unit: 'B/s', value: bytes },
    ];
  });
}

/** CPU time of the server per delivered message of 256 bytes, with `perTick` messages in each tick. */
export async function throughput(arm: string, count: number, perTick: number): Promise<Measurement[]> {
  return withServer(arm, async (server, dialect) => {
    const clients = await connectAll(dialect, server.port, count);
    const ticks = 160 / perTick;
    const burst = { type: 'publish-events', ticks, perTick, interval: 20 * perTick } as const;
    await server.ask({ ...burst, ticks: ticks / 4 }, 'done');
    await settled(clients, (ticks / 4) * perTick);
    for (const client of clients) client.reset();
    const before = await server.ask({ type: 'usage' }, 'usage');
    await server.ask(burst, 'done');
    await settled(clients, ticks * perTick);
    const after = await server.ask({ type: 'usage' }, 'usage');
    const delivered = clients.reduce((sum, client) => sum + client.messages, 0);
    for (const client of clients) client.close();
    const metric = `CPU per delivery, ${perTick} per tick (${count})`;
    return [
      { arm, metric, unit: 'µs', value: (after.user + after.system - before.user - before.system) / delivered },
      { arm, metric: `user ${metric}`, unit: 'µs', value: (after.user - before.user) / delivered },
    ];
  });
}

/** Measures the cost of polling the same battle: every 2 s, and at the rate of its changes. */
export async function polling(): Promise<Measurement[]> {
  return withServer('nest-ws', async (server) => {
    await server.ask({ type: 'publish-battle', hz: HZ, duration: 500 }, 'done');
    const bytes = await bytesPerPoll(server.port, '/state', 50);
    return [
      { arm: 'polling', metric: 'bytes per client, every 2 s', unit: 'B/s', value: bytes / (POLL_INTERVAL / 1000) },
      { arm: 'polling', metric: 'bytes per client, as fresh as 10 Hz', unit: 'B/s', value: bytes * HZ },
    ];
  });
}

export async function withServer<T>(
  arm: string,
  use: (server: ServerHandle, dialect: Dialect) => Promise<T>,
): Promise<T> {
  const dialect = DIALECTS[arm];
  if (!dialect) throw new Error(`There is no arm called ${arm}.`);
  const server = await ServerHandle.start(arm);
  try {
    return await use(server, dialect);
  } finally {
    await server.stop();
  }
}

/** Waits until every client has `expected` messages, or for two seconds without any progress. */
export async function settled(clients: readonly BenchClient[], expected: number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 20; quiet += 1) {
    const got = clients.reduce((sum, client) => sum + client.messages, 0);
    if (got >= expected * clients.length) return;
    if (got !== last) quiet = 0;
    last = got;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

import { messageOf, ServerRefusedError } from '@statewire/nest/broker';
import { createClient } from 'redis';

import { crc16, TAGS } from './keys.js';
import type { RedisClusterOptions, ResolvedRedisBrokerOptions } from './options.js';

const SLOTS = 16_384;
/** Time for the answer of one server. */
const ASK_TIMEOUT_MS = 1_000;

/** Address of a server. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A server and the partitions whose master it is. */
export interface Share {
  /** Undefined: the only server, which the wire knows. */
  readonly address?: ServerAddress;
  readonly partitions: readonly number[];
}

/** The servers of all partitions. */
interface Topology {
  readonly shares: readonly Share[];
  /** Slots of the cluster that no server has. */
  readonly uncovered: number;
}

/** Finds the servers of all partitions. Rejects if no server tells them; `signal` ends the attempt. */
export type FindServers = (signal: AbortSignal) => Promise<Topology>;

export const ALL_PARTITIONS: readonly number[] = TAGS.map((_, partition) => partition);

/** A single server has all partitions. */
export const singleServer: FindServers = async () => ({ shares: [{ partitions: ALL_PARTITIONS }], uncovered: 0 });

/** A range of slots: its bounds, and its master as host, port and id, then the replicas. */
type SlotRange = readonly [
  first: number,
  last: number,
  master: readonly [host: string | null, port: number, id: string],
];

/** Finds the masters of a cluster, by asking one server after another. */
export function clusterServers(options: ResolvedRedisBrokerOptions, cluster: RedisClusterOptions): FindServers {
  let known: readonly ServerAddress[] = [];
  let asked = 0;
  return async (signal) => {
    const candidates = unique([...known, ...cluster.rootNodes]);
    const failures: string[] = [];
    for (let left = candidates.length; left > 0; left--) {
      signal.throwIfAborted();
      // Each attempt begins with another server, because one that is cut off from the others names old masters.
      const server = candidates[asked++ % candidates.length]!;
      try {
        const topology = topologyOf(await ask(server, options, signal), server, cluster);
        known = topology.shares.map(({ address }) => address!);
        return topology;
      } catch (error) {
        if (error instanceof ServerRefusedError) throw error;
        failures.push(`${nameOf(server)}: ${messageOf(error)}`);
      }
    }
    throw new Error(`no server of the cluster named the masters (${failures.join('; ')})`);
  };
}

async function ask(
  { host, port }: ServerAddress,
  { client: options }: ResolvedRedisBrokerOptions,
  signal: AbortSignal,
): Promise<readonly SlotRange[]> {
  const timeouts = { connectTimeout: ASK_TIMEOUT_MS, socketTimeout: ASK_TIMEOUT_MS, reconnectStrategy: false };
  const client = createClient({
    ...options,
    socket: { ...options.socket, host, port, ...timeouts } as never,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
  });
  client.on('error', () => undefined);
  const destroy = (): void => client.destroy();
  signal.addEventListener('abort', destroy);
  try {
    await client.connect();
    return await client.sendCommand<SlotRange[]>(['CLUSTER', 'SLOTS']);
  } catch (error) {
    if (!/cluster support disabled|unknown command/i.test(messageOf(error))) throw error;
    throw new ServerRefusedError(
      `the server ${host}:${port} is no node of Redis Cluster; name it with the option "url" instead of "cluster"`,
    );
  } finally {
    signal.removeEventListener('abort', destroy);
    destroy();
  }
}

function topologyOf(
  ranges: readonly SlotRange[],
  asked: ServerAddress,
  { nodeAddressMap }: RedisClusterOptions,
): Topology {
  const shares = new Map<string, { address: ServerAddress; partitions: number[] }>();
  let uncovered = SLOTS;
  for (const [first, last, [named, port]] of ranges) {
    uncovered -= last - first + 1;
    const partitions = ALL_PARTITIONS.filter((partition) => first <= slotOf(partition) && slotOf(partition) <= last);
    if (partitions.length === 0) continue;
    // A server that does not know its own address names none.
    const host = named === null || named === '' ? asked.host : named;
    const address = nodeAddressMap?.(`${host}:${port}`) ?? { host, port };
    const share = shares.get(nameOf(address)) ?? { address, partitions: [] };
    shares.set(nameOf(address), share);
    share.partitions.push(...partitions);
  }
  return { shares: [...shares.values()], uncovered };
}

function slotOf(partition: number): number {
  return crc16(String(TAGS[partition])) % SLOTS;
}

/** Names a server in messages and maps. */
export function nameOf({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}

function unique(addresses: readonly ServerAddress[]): readonly ServerAddress[] {
  return [...new Map(addresses.map((address) => [nameOf(address), address])).values()];
}

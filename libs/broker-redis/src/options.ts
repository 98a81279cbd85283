import type { RedisClientOptions } from 'redis';

/** The options of {@link redisBroker}. Durations are in milliseconds. All nodes of a cluster use the same ones. */
export interface RedisBrokerOptions {
  /** Address of the server: `redis[s]://[[username][:password]@][host][:port][/database]`. */
  readonly url?: string;
  /** The sentinels that know the master, instead of `url`. Each connection asks them first. */
  readonly sentinel?: RedisSentinelOptions;
  /** The cluster, instead of `url`. */
  readonly cluster?: RedisClusterOptions;
  /**
   * Options of the client of the package `redis` that `url` cannot express, such as TLS certificates. The broker sets
   * the version of the protocol, the reconnection and the queue of the client itself.
   */
  readonly client?: RedisConnectionOptions;
  /** Start of all keys and channels, without braces. Applications that share a server need different ones. Default: `sw`. */
  readonly prefix?: string;
  /** Time after which another node takes over the lease of a node that ended without a word. Default: 6,000. */
  readonly leaseTtlMs?: number;
  /** Time after which a node without a sign of life counts as ended. Default: 15,000. */
  readonly nodeTtlMs?: number;
  /** Time for which a publication waits while the server is out of reach, unless a newer value supersedes it. Default: 5,000. */
  readonly publishTimeoutMs?: number;
  /** Time for the first connection, after which the start fails. Default: 10,000. */
  readonly startTimeoutMs?: number;
  /** Time for the answer of the holder of a lease to a request. Default: 5,000. */
  readonly requestTimeoutMs?: number;
  /** Publications that may be pending on this node. Further ones reject with `unavailable`. */
  readonly maxPending?: {
    /** Default: 10,000. */
    readonly count?: number;
    /** Characters of the values and deltas. Default: 16 MiB. */
    readonly bytes?: number;
  };
  /**
   * The assumption about a server that restarted or was promoted. `verify`: it may have lost publications, so
   * all topics start new epochs. `trust`: it lost none, because each write is on disk (`appendfsync always`) or on a
   * replica before it is answered. Default: `verify`.
   */
  readonly lineage?: 'verify' | 'trust';
  /**
   * A publication resolves after `replicas` replicas have it. If they do not within `timeoutMs`, it rejects with
   * `unavailable`, although it is stored and its readers have it. It makes the loss of an acknowledged publication in a
   * failover less likely, and does not exclude it, because another replica may be promoted. Default: no waiting.
   */
  readonly wait?: {
    readonly replicas: number;
    /** At most 2,000, because a connection that is silent for longer counts as lost. Default: 1,000. */
    readonly timeoutMs?: number;
  };
}

/** The group of servers whose master Redis Sentinel names. */
export interface RedisSentinelOptions {
  /** Addresses of the sentinels. The first one that answers is believed. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Name of the group, as in `sentinel monitor <name> …`. */
  readonly name: string;
  /** User of the sentinels. That of the server is in `client`. */
  readonly username?: string;
  /** Password of the sentinels. That of the server is in `client`. */
  readonly password?: string;
}

/** A Redis Cluster. User, password and TLS of all servers are in `client`. */
export interface RedisClusterOptions {
  /** Addresses of some servers, which are asked for the masters of all partitions. */
  readonly rootNodes: readonly { readonly host: string; readonly port: number }[];
  /**
   * Translates an address `host:port` that the cluster names into one that this process can reach. Undefined: they are
   * the same.
   */
  readonly nodeAddressMap?: (address: string) => { readonly host: string; readonly port: number } | undefined;
}

/** The options of the client of the package `redis` that an application may set. */
export type RedisConnectionOptions = Pick<
  RedisClientOptions,
  'username' | 'password' | 'credentialsProvider' | 'name' | 'database' | 'socket'
>;

/** The options with their defaults. */
export interface ResolvedRedisBrokerOptions {
  readonly url: string | undefined;
  readonly sentinel: RedisSentinelOptions | undefined;
  readonly cluster: RedisClusterOptions | undefined;
  readonly client: RedisConnectionOptions;
  readonly prefix: string;
  readonly leaseTtlMs: number;
  readonly nodeTtlMs: number;
  readonly publishTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxPending: { readonly count: number; readonly bytes: number };
  readonly lineage: 'verify' | 'trust';
  readonly wait: { readonly replicas: number; readonly timeoutMs: number } | undefined;
}

const SMALLEST_LEASE_TTL_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/** @throws Error that names each option that cannot be used. */
export function resolveRedisBrokerOptions(options: RedisBrokerOptions): ResolvedRedisBrokerOptions {
  const resolved: ResolvedRedisBrokerOptions = {
    url: options.url,
    sentinel: options.sentinel,
    cluster: options.cluster,
    client: options.client ?? {},
    prefix: options.prefix ?? 'sw',
    leaseTtlMs: options.leaseTtlMs ?? 6_000,
    nodeTtlMs: options.nodeTtlMs ?? 15_000,
    publishTimeoutMs: options.publishTimeoutMs ?? 5_000,
    startTimeoutMs: options.startTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    maxPending: { count: options.maxPending?.count ?? 10_000, bytes: options.maxPending?.bytes ?? 16 * 2 ** 20 },
    lineage: options.lineage ?? 'verify',
    wait: options.wait && { replicas: options.wait.replicas, timeoutMs: options.wait.timeoutMs ?? 1_000 },
  };
  const problems = problemsOf(resolved);
  if (problems.length > 0) throw new Error(`redisBroker() cannot start: ${problems.join('; ')}.`);
  return resolved;
}

function problemsOf(options: ResolvedRedisBrokerOptions): string[] {
  const problems: string[] = [];
  const check = (option: string, isValid: boolean, expected: string): void => {
    if (!isValid) problems.push(`option "${option}" must be ${expected}`);
  };
  const isDuration = (value: number, least = 1): boolean => Number.isFinite(value) && value >= least;
  const { url, sentinel, cluster, wait } = options;
  const given = [url, sentinel, cluster].filter((value) => value !== undefined).length;
  check('sentinel', sentinel === undefined || sentinel.nodes.length > 0, 'at least one sentinel');
  check('cluster', cluster === undefined || cluster.rootNodes.length > 0, 'at least one server');
  check('cluster', given <= 1, 'the only one of "url", "sentinel" and "cluster"');
  check(
    'url',
    given > 0 || options.client.socket !== undefined,
    'the address of a Redis server, such as redis://localhost:6379',
  );
  check('prefix', /^[^{}\s]+$/.test(options.prefix), 'a text without braces and spaces');
  check('leaseTtlMs', isDuration(options.leaseTtlMs, SMALLEST_LEASE_TTL_MS), `at least ${SMALLEST_LEASE_TTL_MS}`);
  for (const name of ['nodeTtlMs', 'publishTimeoutMs', 'startTimeoutMs', 'requestTimeoutMs'] as const) {
    check(name, isDuration(options[name]), 'a positive number of milliseconds');
  }
  check('maxPending.count', isDuration(options.maxPending.count), 'a positive number');
  check('maxPending.bytes', isDuration(options.maxPending.bytes), 'a positive number');
  check('wait.replicas', Number.isInteger(wait?.replicas ?? 1) && (wait?.replicas ?? 1) > 0, 'a positive integer');
  const waitMs = wait?.timeoutMs ?? 1;
  check('wait.timeoutMs', isDuration(waitMs) && waitMs <= LONGEST_WAIT_MS, `from 1 to ${LONGEST_WAIT_MS}`);
  check('lineage', ['verify', 'trust'].includes(options.lineage), '"verify" or "trust"');
  return problems;
}

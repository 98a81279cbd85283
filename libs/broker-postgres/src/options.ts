import type { ConnectionOptions } from 'node:tls';

/** The options of {@link postgresBroker}. Durations are in milliseconds. All nodes of a cluster use the same ones. */
export interface PostgresBrokerOptions {
  /**
   * Address of the database: `postgres://[user][:password]@[host][:port][/database]`. It leads to the server itself, or to a
   * pooler in session mode, because the broker listens on the connection.
   */
  readonly connectionString?: string;
  /** Options of the client of the package `pg`, instead of `connectionString` or for what it cannot express, such as certificates. */
  readonly connection?: PostgresConnectionOptions;
  /** Schema of the tables: lower-case letters, digits and `_`. Applications that share a database need different ones. Default: `statewire`. */
  readonly schema?: string;
  /** Whether the start creates the schema if it is missing. Otherwise `migrate` or `schema.sql` creates it. Default: true. */
  readonly migrate?: boolean;
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
  /** Time between two looks for what no notification told. Default: 1,000. */
  readonly pollIntervalMs?: number;
  /** Publications that may be pending on this node. Further ones reject with `unavailable`. */
  readonly maxPending?: {
    /** Default: 10,000. */
    readonly count?: number;
    /** Characters of the values and deltas. Default: 16 MiB. */
    readonly bytes?: number;
  };
}

/** The options of the client of the package `pg` that an application may set. */
export interface PostgresConnectionOptions {
  /** Name or address of the server, or the folder of its socket. Default: `PGHOST`, or `localhost`. */
  readonly host?: string;
  /** Default: `PGPORT`, or 5432. */
  readonly port?: number;
  /** Default: `PGDATABASE`, or the name of the user. */
  readonly database?: string;
  /** Default: `PGUSER`, or the user of the process. */
  readonly user?: string;
  /** The password, or a function that returns it for each connection, for example a token that expires. */
  readonly password?: string | (() => string | Promise<string>);
  /** Whether to encrypt the connection, or how. Default: as the address says. */
  readonly ssl?: boolean | ConnectionOptions;
  /** Name of the connections in `pg_stat_activity`. Default: `statewire`. */
  readonly application_name?: string;
}

/** The options with their defaults. */
export interface ResolvedPostgresBrokerOptions {
  readonly connectionString: string | undefined;
  readonly connection: PostgresConnectionOptions;
  readonly schema: string;
  readonly migrate: boolean;
  readonly leaseTtlMs: number;
  readonly nodeTtlMs: number;
  readonly publishTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly pollIntervalMs: number;
  readonly maxPending: { readonly count: number; readonly bytes: number };
}

const SMALLEST_LEASE_TTL_MS = 100;

/** @throws Error that names each option that cannot be used. */
export function resolvePostgresBrokerOptions(options: PostgresBrokerOptions): ResolvedPostgresBrokerOptions {
  const resolved: ResolvedPostgresBrokerOptions = {
    connectionString: options.connectionString,
    connection: options.connection ?? {},
    schema: options.schema ?? 'statewire',
    migrate: options.migrate ?? true,
    leaseTtlMs: options.leaseTtlMs ?? 6_000,
    nodeTtlMs: options.nodeTtlMs ?? 15_000,
    publishTimeoutMs: options.publishTimeoutMs ?? 5_000,
    startTimeoutMs: options.startTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    pollIntervalMs: options.pollIntervalMs ?? 1_000,
    maxPending: { count: options.maxPending?.count ?? 10_000, bytes: options.maxPending?.bytes ?? 16 * 2 ** 20 },
  };
  const problems = problemsOf(options, resolved);
  if (problems.length > 0) throw new Error(`postgresBroker() cannot start: ${problems.join('; ')}.`);
  return resolved;
}

function problemsOf(given: PostgresBrokerOptions, options: ResolvedPostgresBrokerOptions): string[] {
  const problems: string[] = [];
  const check = (option: string, isValid: boolean, expected: string): void => {
    if (!isValid) problems.push(`option "${option}" must be ${expected}`);
  };
  const isDuration = (value: number, least = 1): boolean => Number.isFinite(value) && value >= least;
  const hasAddress = Boolean(given.connectionString) || given.connection !== undefined;
  check('connectionString', hasAddress, 'the address of a database, such as postgres://localhost:5432/app');
  check('schema', isSchemaName(options.schema), 'lower-case letters, digits and _, at most 40');
  check('leaseTtlMs', isDuration(options.leaseTtlMs, SMALLEST_LEASE_TTL_MS), `at least ${SMALLEST_LEASE_TTL_MS}`);
  const durations = ['nodeTtlMs', 'publishTimeoutMs', 'startTimeoutMs', 'requestTimeoutMs', 'pollIntervalMs'] as const;
  for (const name of durations) check(name, isDuration(options[name]), 'a positive number of milliseconds');
  check('maxPending.count', isDuration(options.maxPending.count), 'a positive number');
  check('maxPending.bytes', isDuration(options.maxPending.bytes), 'a positive number');
  return problems;
}

/** Whether a name can be used in statements without quotes, unless it is a word of SQL. */
export function isSchemaName(name: string): boolean {
  return /^[a-z_][a-z0-9_]{0,39}$/.test(name);
}

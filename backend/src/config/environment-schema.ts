import { z } from 'zod';

/** Minimum number of characters of a secret, and number of random bytes of a generated one. */
export const SECRET_LENGTH = 32;

/** The servers that several nodes can share, by the scheme of their address. */
const BROKERS: ReadonlyMap<string, 'redis' | 'postgres'> = new Map([
  ['redis:', 'redis'],
  ['rediss:', 'redis'],
  ['postgres:', 'postgres'],
  ['postgresql:', 'postgres'],
]);

/** The environment variables that the server reads. A variable that is empty counts as one that is not set. */
export const environmentSchema = z.object({
  /** Address of the server that all nodes share: `redis[s]://…` or `postgres://…`. Default: one node without a server. */
  ARENA_BROKER: variable(broker().optional()),
  /**
   * Signs session tokens. Default: derived from `ARENA_BROKER`, so that all nodes have the same one; without a broker a
   * new secret for each start, so that sessions end with the process.
   */
  ARENA_SECRET: variable(z.string().min(SECRET_LENGTH, `must have at least ${SECRET_LENGTH} characters`).optional()),
  /** 0 takes any free port. */
  PORT: integer(0, 65_535, 'a port', 59_002),
  /** Address to listen on. Default: all addresses. */
  HOST: variable(z.string().optional()),
  /** False makes all clients poll. */
  AF_WEBSOCKET_ENABLED: boolean(true),
  /** Lifetime of a session token. */
  ARENA_SESSION_MINUTES: integer(1, 1_440, 'minutes', 60),
  /** Lets visitors break their own connection. Never set it on a public server. */
  ARENA_CHAOS: boolean(false),
  /** Addresses or CIDR blocks of proxies, separated by commas, or `loopback`. Default: none. */
  TRUSTED_PROXIES: variable(list().default([])),
  /** Origins of pages that may connect, separated by commas. Default: the origin of the page itself. */
  ALLOWED_ORIGINS: variable(list().optional()),
  /** Time over which a shutdown sends the clients away. */
  ARENA_DRAIN_SECONDS: integer(0, 60, 'seconds', 5),
  /** Time between two polls of a client. */
  ARENA_POLL_MILLISECONDS: integer(50, 60_000, 'milliseconds', 2_000),
  /** Time between two heartbeats. It must be below the idle timeout of each proxy in front. */
  ARENA_HEARTBEAT_MILLISECONDS: integer(100, 300_000, 'milliseconds', 30_000),
  /** Multiplies the hit points of all fighters, so that battles last longer. */
  ARENA_HEALTH_FACTOR: integer(1, 1_000, 'a factor', 1),
  /** File to which a stopping server writes its runs, and from which it loads them. Default: runs are not saved. */
  ARENA_SAVE_FILE: variable(z.string().optional()),
  /** Folder of the built Angular client. Default: `frontend/dist/browser`. */
  ARENA_CLIENT_DIR: variable(z.string().optional()),
});

function variable<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (typeof value === 'string' ? value.trim() || undefined : value), schema);
}

function integer(low: number, high: number, unit: string, fallback: number) {
  const error = `must be ${unit}, ${low} to ${high}`;
  return variable(z.coerce.number(error).int(error).min(low, error).max(high, error).default(fallback));
}

function boolean(fallback: boolean) {
  const words = { truthy: ['true', '1', 'on', 'yes'], falsy: ['false', '0', 'off', 'no'] };
  return variable(z.stringbool({ ...words, error: 'must be true or false' }).default(fallback));
}

function broker() {
  const error = 'must be the address of a server, such as redis://localhost:6379 or postgres://user@localhost/arena';
  return z.string().transform((url, context) => {
    const kind = URL.canParse(url) ? BROKERS.get(new URL(url).protocol) : undefined;
    if (kind !== undefined) return { kind, url };
    context.addIssue(error);
    return z.NEVER;
  });
}

function list() {
  return z.string().transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );
}

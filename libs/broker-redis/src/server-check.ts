import type { RedisConnection } from './connection.js';

/** The server cannot be used, however often the broker tries. */
export class ServerRefusedError extends Error {
  override readonly name = 'ServerRefusedError';
}

/** Scripts of older servers are replicated and saved, so that a promoted server would not notice what it has lost. */
const OLDEST_MAJOR_VERSION = 7;

/**
 * Checks the kind and version of the server. Resolves with a warning if its eviction policy removes keys.
 *
 * @throws ServerRefusedError
 */
export async function checkServer(connection: RedisConnection): Promise<string | undefined> {
  const info = String(await connection.send(['INFO']));
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  const version = valkey ?? field('redis_version') ?? 'of an unknown version';
  const product = valkey === undefined ? 'Redis' : 'Valkey';
  const major = Number.parseInt(version, 10);
  if (Number.isNaN(major) || major < OLDEST_MAJOR_VERSION) {
    throw new ServerRefusedError(
      `the server is ${product} ${version}, and the broker needs version ${OLDEST_MAJOR_VERSION}`,
    );
  }
  if (field('cluster_enabled') === '1') {
    throw new ServerRefusedError('the server is a node of Redis Cluster, and the broker needs a single server');
  }
  const policy = field('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return undefined;
  return (
    `The server removes keys when its memory is full (maxmemory-policy ${policy}), and topics and actions with them. ` +
    'Set maxmemory-policy to noeviction.'
  );
}

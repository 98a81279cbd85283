import { BrokerError } from '@statewire/nest';
import { ServerRefusedError } from '@statewire/nest/broker';

import type { RedisConnection } from './connection.js';

/** Scripts of older servers are replicated and saved, so that a promoted server would not notice what it has lost. */
const OLDEST_MAJOR_VERSION = 7;

/** Commands of this broker that other servers may lack, or that an operator may have renamed. */
const NEEDED = ['EVALSHA', 'SCRIPT', 'SSUBSCRIBE', 'SUNSUBSCRIBE', 'SPUBLISH', 'XADD', 'XRANGE', 'XTRIM', 'ZADD'];

/**
 * Checks the kind, version and commands of the server. Resolves with a warning if its eviction policy removes keys.
 *
 * @throws ServerRefusedError
 */
export async function checkServer(connection: RedisConnection, inCluster: boolean): Promise<string | undefined> {
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
  if ((field('cluster_enabled') === '1') !== inCluster) {
    throw new ServerRefusedError(
      inCluster
        ? 'the server is no node of Redis Cluster; name it with the option "url" instead of "cluster"'
        : 'the server is a node of Redis Cluster; name the nodes with the option "cluster"',
    );
  }
  const missing = await missingCommands(connection);
  if (missing.length > 0) throw new ServerRefusedError(`the server lacks commands: ${missing.join(', ')}`);
  const policy = field('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return undefined;
  return (
    `The server removes keys when its memory is full (maxmemory-policy ${policy}), and topics and actions with them. ` +
    'Set maxmemory-policy to noeviction.'
  );
}

async function missingCommands(connection: RedisConnection): Promise<readonly string[]> {
  let known: readonly unknown[];
  try {
    known = (await connection.send(['COMMAND', 'INFO', ...NEEDED])) as readonly unknown[];
  } catch (error) {
    // The user may not ask. A command that is missing fails when it is used.
    if (error instanceof BrokerError) return [];
    throw error;
  }
  return NEEDED.filter((_, index) => known[index] === null);
}

import { messageOf } from '@statewire/nest/broker';
import { createClient } from 'redis';

import type { RedisSentinelOptions } from './options.js';

/** Time for the answer of one sentinel. */
const SENTINEL_TIMEOUT_MS = 1_000;

/** Asks the sentinels in turn for the address of the master. Rejects if none knows it. */
export async function findMaster(
  { nodes, name, username, password }: RedisSentinelOptions,
  signal: AbortSignal,
): Promise<{ host: string; port: number }> {
  const failures: string[] = [];
  for (const { host, port } of nodes) {
    signal.throwIfAborted();
    const client = createClient({
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      socket: {
        host,
        port,
        connectTimeout: SENTINEL_TIMEOUT_MS,
        socketTimeout: SENTINEL_TIMEOUT_MS,
        reconnectStrategy: false,
      },
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    client.on('error', () => undefined);
    const destroy = (): void => client.destroy();
    signal.addEventListener('abort', destroy);
    try {
      await client.connect();
      const master = await client.sendCommand<string[] | null>(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]);
      if (master !== null) return { host: master[0]!, port: Number(master[1]) };
      failures.push(`${host}:${port} does not know "${name}"`);
    } catch (error) {
      failures.push(`${host}:${port}: ${messageOf(error)}`);
    } finally {
      signal.removeEventListener('abort', destroy);
      destroy();
    }
  }
  throw new Error(`no sentinel named a master (${failures.join('; ')})`);
}

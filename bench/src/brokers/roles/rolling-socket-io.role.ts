import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

import { type RollingRole, ROWS } from '../rolling-contract.js';

/** A node of socket.io with the Redis Streams adapter and connection state recovery, as its documentation shows. */
export async function start({ url }: { url: string }): Promise<RollingRole> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  const http = createServer();
  const server = new Server(http, {
    adapter: createAdapter(client),
    connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  process.once('SIGTERM', () => {
    // Sessions are stored when sockets close, and the process must live until they are.
    void server.close(() => setTimeout(() => process.exit(0), 500));
  });
  return {
    port: () => (http.address() as AddressInfo).port,
    publish: async (n) => {
      server.emit('ticks', { n });
      server.emit('board', { n, rows: ROWS });
    },
  };
}

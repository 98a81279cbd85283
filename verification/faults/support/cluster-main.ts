import cluster from 'node:cluster';

import { BusyServer } from './busy/busy-server.js';

/**
 * Starts two workers of `node:cluster` with an application on the memory broker. Each prints `worker: ` and the message
 * of its error, or `worker: started`.
 */
if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
} else {
  try {
    const server = await BusyServer.start({ topics: 1, period: 0 });
    await server.stop();
    process.stdout.write('worker: started\n');
  } catch (error) {
    process.stdout.write(`worker: ${String(error)}\n`);
  }
  cluster.worker?.disconnect();
}

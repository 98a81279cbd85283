import type { BenchServer } from '../server-protocol.js';
import { startIoServer } from './io-server.js';

/** With connection state recovery, which keeps what a client misses while it is away. */
export function start(): Promise<BenchServer> {
  return startIoServer({ connectionStateRecovery: { maxDisconnectionDuration: 120_000 } });
}

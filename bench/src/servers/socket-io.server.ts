import type { BenchServer } from '../server-protocol.js';
import { startIoServer } from './io-server.js';

export function start(): Promise<BenchServer> {
  return startIoServer({});
}

import type { BenchServer } from '../server-protocol.js';
import { startWsServer } from './ws-server.js';

/** As most examples do it: `JSON.stringify` and `send` for each client. */
export function start(): Promise<BenchServer> {
  return startWsServer((messages, clients) => {
    for (const message of messages) for (const client of clients) client.send(JSON.stringify(message));
  });
}

import type { BenchServer } from '../server-protocol.js';
import { startWsServer } from './ws-server.js';

/** The usual care: one `JSON.stringify`, and `send` for each client. */
export function start(): Promise<BenchServer> {
  return startWsServer((messages, clients) => {
    for (const message of messages) {
      const text = JSON.stringify(message);
      for (const client of clients) client.send(text);
    }
  });
}

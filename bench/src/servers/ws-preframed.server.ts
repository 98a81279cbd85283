import type { BenchServer } from '../server-protocol.js';
import { serverFrame } from '../websocket-frame.js';
import { startWsServer, tcpSocketOf } from './ws-server.js';

/** The least that `ws` can cost: all frames of a tick in one Buffer, and one write past `ws` for each client. */
export function start(): Promise<BenchServer> {
  return startWsServer((messages, clients) => {
    const frames = Buffer.concat(messages.map((message) => serverFrame(JSON.stringify(message))));
    for (const client of clients) tcpSocketOf(client).write(frames);
  });
}

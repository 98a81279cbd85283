import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';
import { serverFrame } from '../websocket-frame.js';

/** No WebSocket at all: the same bytes on a TCP socket, in one write per client and tick. */
export async function start(): Promise<BenchServer> {
  const server = createServer({ noDelay: true });
  const sockets = new SocketCount(server);
  const clients = new Set<Socket>();
  server.on('connection', (client) => {
    clients.add(client);
    client.on('error', () => undefined).once('close', () => clients.delete(client));
    client.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const send = (messages: readonly object[]): void => {
    const frames = Buffer.concat(messages.map((message) => serverFrame(JSON.stringify(message))));
    for (const client of clients) client.write(frames);
  };
  return {
    port: (server.address() as AddressInfo).port,
    publishEvents: (events) => send(events.map((data) => ({ event: 'event', data }))),
    publishBattle: (data) => send([{ event: 'battle', data }]),
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
  };
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Server, type ServerOptions } from 'socket.io';

import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';

/** A bare socket.io server. */
export async function startIoServer(options: Partial<ServerOptions>): Promise<BenchServer> {
  const http = createServer();
  const sockets = new SocketCount(http);
  const io = new Server(http, { transports: ['websocket'], serveClient: false, ...options });
  io.on('connection', (socket) => {
    socket.on('plain', ({ id }: { id: string }) => socket.emit('answer', { event: 'answer', id, data: { value: 1 } }));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    publishBattle: (value) => void io.emit('battle', value),
    publishEvents: (events) => {
      for (const event of events) io.emit('event', event);
    },
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
  };
}

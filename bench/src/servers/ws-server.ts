import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

import type { BenchServer } from '../server-protocol.js';
import { SocketCount } from '../socket-count.js';

/** Sends the messages of one tick to all clients. */
export type Broadcast = (messages: readonly object[], clients: readonly WebSocket[]) => void;

/** A bare `ws` server. It answers each message of a client, and differs in how it sends to all. */
export async function startWsServer(broadcast: Broadcast): Promise<BenchServer> {
  const http = createServer();
  const sockets = new SocketCount(http);
  const server = new WebSocketServer({ server: http, path: '/ws', perMessageDeflate: false });
  server.on('connection', (client) => {
    client.on('message', (data: Buffer) => {
      const { id } = JSON.parse(data.toString()) as { id: string };
      client.send(JSON.stringify({ event: 'answer', id, data: { value: 1 } }));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const send = (messages: readonly object[]): void => {
    broadcast(
      messages,
      [...server.clients].filter(({ readyState }) => readyState === WebSocket.OPEN),
    );
  };
  return {
    port: (http.address() as AddressInfo).port,
    publishEvents: (events) => send(events.map((data) => ({ event: 'event', data }))),
    publishBattle: (data) => send([{ event: 'battle', data }]),
    bytesWritten: () => sockets.bytesWritten(),
    cut: () => sockets.cut(),
  };
}

/** The TCP socket below a WebSocket, which `ws` keeps to itself. */
export function tcpSocketOf(client: WebSocket): Socket {
  return (client as unknown as { _socket: Socket })._socket;
}

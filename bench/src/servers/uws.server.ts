import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { BenchServer } from '../server-protocol.js';
import { serverFrame } from '../websocket-frame.js';

interface Socket {
  subscribe(topic: string): void;
  send(text: string): void;
}

/** The part of uWebSockets.js that this arm uses. */
interface UwsApp {
  ws(
    pattern: string,
    behavior: {
      open(socket: Socket): void;
      message(socket: Socket, data: ArrayBuffer): void;
      close(): void;
    },
  ): this;
  listen(host: string, port: number, done: (listening: unknown) => void): this;
  publish(topic: string, message: string): void;
}

interface Uws {
  App(): UwsApp;
  us_socket_local_port(listening: unknown): number;
}

/** uWebSockets.js with its own publish and subscribe. It joins the messages of one turn itself. */
export async function start(): Promise<BenchServer> {
  const uws = createRequire(join(import.meta.dirname, '../../peers/package.json'))('uwebsockets') as Uws;
  let clients = 0;
  let bytes = 0;
  const app = uws.App().ws('/ws', {
    open: (socket) => {
      clients += 1;
      socket.subscribe('all');
    },
    message: (socket, data) => {
      const { id } = JSON.parse(Buffer.from(data).toString()) as { id: string };
      socket.send(JSON.stringify({ event: 'answer', id, data: { value: 1 } }));
    },
    close: () => (clients -= 1),
  });
  const port = await new Promise<number>((resolve) => {
    app.listen('127.0.0.1', 0, (listening) => resolve(uws.us_socket_local_port(listening)));
  });
  const send = (message: object): void => {
    const text = JSON.stringify(message);
    app.publish('all', text);
    bytes += clients * serverFrame(text).length;
  };
  return {
    port,
    publishEvents: (events) => {
      for (const data of events) send({ event: 'event', data });
    },
    publishBattle: (data) => send({ event: 'battle', data }),
    bytesWritten: () => bytes,
  };
}

import type { BenchServer } from '../server-protocol.js';
import { serverFrame } from '../websocket-frame.js';

interface Socket {
  subscribe(topic: string): void;
  send(text: string): void;
}

interface BunServer {
  readonly port: number;
  publish(topic: string, message: string): void;
  upgrade(request: Request): boolean;
}

/** The part of Bun that this arm uses. */
interface Bun {
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: Request, server: BunServer): Response | undefined;
    websocket: {
      open(socket: Socket): void;
      message(socket: Socket, text: string): void;
      close(): void;
    };
  }): BunServer;
}

/** Bun's own WebSocket server with its publish and subscribe. This file runs in Bun. */
export async function start(): Promise<BenchServer> {
  const { Bun } = globalThis as unknown as { Bun: Bun };
  let clients = 0;
  let bytes = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, bun) => (bun.upgrade(request) ? undefined : new Response(null, { status: 404 })),
    websocket: {
      open: (socket) => {
        clients += 1;
        socket.subscribe('all');
      },
      message: (socket, text) => {
        const { id } = JSON.parse(text) as { id: string };
        socket.send(JSON.stringify({ event: 'answer', id, data: { value: 1 } }));
      },
      close: () => (clients -= 1),
    },
  });
  const send = (message: object): void => {
    const text = JSON.stringify(message);
    server.publish('all', text);
    bytes += clients * serverFrame(text).length;
  };
  return {
    port: server.port,
    publishEvents: (events) => {
      for (const data of events) send({ event: 'event', data });
    },
    publishBattle: (data) => send({ event: 'battle', data }),
    bytesWritten: () => bytes,
  };
}

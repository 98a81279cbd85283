import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import type { Arena } from './arena.js';

const SWITCHED = 'HTTP/1.1 101 ';

/** A proxy without stickiness: each connection goes to the next node that accepts it. */
export class RoundRobin {
  private readonly sockets = new Set<Socket>();
  private readonly webSockets = new Map<Socket, Arena>();
  private next = 0;

  private constructor(
    private readonly server: Server,
    private readonly nodes: readonly Arena[],
  ) {
    server.on('connection', (socket) => this.relay(socket, nodes.length));
  }

  static async start(nodes: readonly Arena[]): Promise<RoundRobin> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RoundRobin(server, nodes);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The nodes with an open WebSocket. */
  get connected(): readonly Arena[] {
    return [...this.webSockets.values()];
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  stop(): void {
    this.server.close();
    this.cut();
  }

  private relay(socket: Socket, attempts: number): void {
    const node = this.nodes[(this.next += 1) % this.nodes.length]!;
    const target = connect(Number(new URL(node.url).port), '127.0.0.1');
    let isOpen = false;
    target.once('connect', () => {
      isOpen = true;
      socket.pipe(target);
      target.pipe(socket);
    });
    target.on('data', (chunk) => {
      if (chunk.toString('latin1', 0, SWITCHED.length) === SWITCHED) this.webSockets.set(socket, node);
    });
    target.once('close', () => {
      if (isOpen || attempts === 1) socket.destroy();
      else this.relay(socket, attempts - 1);
    });
    target.on('error', () => undefined);
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.webSockets.delete(socket);
      target.destroy();
    });
  }
}

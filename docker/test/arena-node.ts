import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { ArenaServer } from './arena-server.js';

/** The start of a request in a chunk. Frames of clients are masked, so they do not look like one. */
const REQUEST = /^([A-Z]+) (\/[^ ?]*)\S* HTTP\/1\.1\r$/gm;
const SWITCHED = 'HTTP/1.1 101 ';

/** A game server that several proxies reach at an address of its own, as a container. It records what arrives. */
export class ArenaNode {
  /** The requests and upgrades so far: `POST /realtime/poll`. */
  readonly requests: string[] = [];
  private readonly webSockets = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly address: string,
    private readonly server: ArenaServer,
    private readonly listener: Server,
  ) {
    listener.on('connection', (socket) => this.relay(socket));
    void server.ended.then(() => this.leave());
  }

  static async start(address: string, port: number, env: Readonly<Record<string, string>>): Promise<ArenaNode> {
    const server = await ArenaServer.start(env);
    const listener = createServer().listen(port, address);
    await once(listener, 'listening');
    return new ArenaNode(address, server, listener);
  }

  /** Number of open WebSockets. */
  get connections(): number {
    return this.webSockets.size;
  }

  /** Ends the process at once. */
  kill(): Promise<number | null> {
    return this.server.kill();
  }

  /** Asks the process to drain and to end. Resolves with its exit code. */
  drain(): Promise<number | null> {
    return this.server.stop();
  }

  private leave(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private relay(socket: Socket): void {
    const target = connect(this.server.port, '127.0.0.1');
    for (const [end, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.sockets.add(end);
      end.on('error', () => end.destroy());
      end.once('close', () => {
        this.sockets.delete(end);
        this.webSockets.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
    socket.on('data', (chunk: Buffer) => {
      for (const [, method, path] of chunk.toString('latin1').matchAll(REQUEST))
        this.requests.push(`${method} ${path}`);
    });
    target.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1', 0, SWITCHED.length) === SWITCHED) this.webSockets.add(target);
    });
  }
}

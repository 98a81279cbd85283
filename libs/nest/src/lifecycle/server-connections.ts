import type { Server } from 'node:http';
import type { Http2Session } from 'node:http2';
import { Server as TcpServer, type Socket } from 'node:net';

/** The listener and the connections of the application's HTTP server, of every path and every protocol. */
export class ServerConnections {
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<Http2Session>();
  private isOver = false;

  /** Call it before the server listens. */
  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      if (this.isOver) socket.destroy();
      else track(this.sockets, socket);
    });
    // Servers of HTTP/2 emit sessions.
    server.on('session', (session: Http2Session) => track(this.sessions, session));
  }

  /** Frees the port. Connections go on. */
  stopListening(): void {
    if (!this.server.listening) return;
    // The method of an HTTP server would end idle connections as well.
    TcpServer.prototype.close.call(this.server);
    // Fastify listens on the other addresses of `localhost` with servers of its own, and frees their ports after this
    // call.
    this.server.unref();
  }

  /**
   * Ends connections that have sent nothing, which Node does not count as idle. Ends sessions of HTTP/2 after the
   * answers of their requests.
   */
  endIdle(): void {
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
    for (const session of this.sessions) session.close();
  }

  /** Ends every connection, whatever it does. */
  destroy(): void {
    this.isOver = true;
    for (const socket of this.sockets) socket.destroy();
  }
}

interface Closeable {
  once(event: 'close', listener: () => void): unknown;
}

function track<T extends Closeable>(open: Set<T>, item: T): void {
  open.add(item);
  item.once('close', () => open.delete(item));
}

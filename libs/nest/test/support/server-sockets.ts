import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { untilTrue } from './event-loop-turn.js';
import type { RawWire } from './raw-wire.js';
import type { TestApplication } from './test-application.js';

/** The server's ends of its connections, by the port of the client. */
export class ServerSockets {
  private readonly sockets = new Map<number | undefined, Socket>();

  constructor({ app }: TestApplication) {
    const server = app.getHttpServer() as Server;
    server.on('connection', (socket) => this.sockets.set(socket.remotePort, socket));
  }

  /** Resolves once the server has received every byte that this client wrote. */
  async received({ socket }: RawWire): Promise<void> {
    await untilTrue(() => this.sockets.get(socket.localPort)?.bytesRead === socket.bytesWritten);
  }
}

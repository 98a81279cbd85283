import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { untilTrue } from './event-loop-turn.js';
import type { RawWire } from './raw-wire.js';
import type { TestApplication } from './test-application.js';

/** The server sockets by the port of their client. */
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

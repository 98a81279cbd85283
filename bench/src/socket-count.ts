import type { Server, Socket } from 'node:net';

/** The sockets of a server, for their bytes and their end. */
export class SocketCount {
  private readonly open = new Set<Socket>();
  private closedBytes = 0;

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.open.add(socket);
      socket.once('close', () => {
        this.open.delete(socket);
        this.closedBytes += socket.bytesWritten;
      });
    });
  }

  bytesWritten(): number {
    let sum = this.closedBytes;
    for (const socket of this.open) sum += socket.bytesWritten;
    return sum;
  }

  cut(): void {
    for (const socket of this.open) socket.resetAndDestroy();
  }
}

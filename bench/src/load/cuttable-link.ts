import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The network between one client and the server. It can be cut: connections end, and new ones are refused. */
export class CuttableLink {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(port: number): Promise<CuttableLink> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const link = new CuttableLink(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => link.join(client, connect(port, '127.0.0.1')));
    return link;
  }

  cut(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    if (!this.server.listening) this.server.listen(this.port, '127.0.0.1');
  }

  close(): void {
    if (this.server.listening) this.cut();
  }

  private join(client: Socket, server: Socket): void {
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(one);
      one.setNoDelay();
      one.pipe(other);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a network does to one WebSocket: requests of other kinds always pass. */
export type Fate =
  | 'pass'
  /** A proxy that knows no WebSocket answers 403. */
  | 'refuse'
  /** The connection is reset when the upgrade was asked for. */
  | 'reset'
  /** It is reset when the upgrade was accepted, before the first frame. */
  | 'reset-accepted'
  /** It is ended, without a close frame, a second after the upgrade was accepted. */
  | 'end-after-1s'
  /** Nothing is passed on, either way, until `release`. */
  | 'hold';

/** The way on which frames are lost. */
export type Way = 'to-server' | 'to-client' | 'both';

interface Tunnel {
  readonly client: Socket;
  readonly server: Socket;
  held: Way | undefined;
}

/** A network between a client and a server of the same process that does to WebSockets what it is told. */
export class FaultProxy {
  /** Decides over each upgrade; the first is number 0. */
  fate: (upgrade: number) => Fate = () => 'pass';
  /** Where new connections lead. */
  upstream: number;
  #upgrades = 0;
  readonly #sockets = new Set<Socket>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #server: Server;

  private constructor(upstream: number) {
    this.upstream = upstream;
    this.#server = createServer((client) => this.#arrive(client));
  }

  /** @param upstream port of the server on the loopback interface. */
  static async start(upstream: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** WebSockets that clients hold open at this moment. */
  get webSockets(): number {
    return this.#tunnels.size;
  }

  /** Loses everything on this way from now on, the end of a connection too. New connections are not touched. */
  hold(way: Way): void {
    for (const tunnel of this.#tunnels) this.#hold(tunnel, way);
  }

  /** The network is back: what was held is passed on. */
  release(): void {
    this.fate = () => 'pass';
    for (const tunnel of this.#tunnels) {
      tunnel.held = undefined;
      if (tunnel.client.destroyed || tunnel.server.destroyed) this.#end(tunnel);
      else for (const socket of [tunnel.client, tunnel.server]) socket.resume();
    }
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #arrive(client: Socket): void {
    this.#keep(client);
    client.once('data', (head: Buffer) => {
      client.pause();
      const isUpgrade = head.toString('latin1').startsWith('GET /ws ');
      const fate = isUpgrade ? this.fate(this.#upgrades++) : 'pass';
      if (fate === 'refuse') client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      else if (fate === 'reset') client.resetAndDestroy();
      else this.#pass(client, head, isUpgrade, fate);
    });
  }

  #pass(client: Socket, head: Buffer, isUpgrade: boolean, fate: Fate): void {
    const server = this.#keep(connect(this.upstream, '127.0.0.1'));
    const tunnel: Tunnel = { client, server, held: undefined };
    if (isUpgrade) this.#tunnels.add(tunnel);
    server.write(head);
    client.on('data', (chunk) => server.write(chunk)).on('close', () => this.#ended(tunnel));
    server.on('data', (chunk) => client.write(chunk)).on('close', () => this.#ended(tunnel));
    if (fate === 'reset-accepted') server.once('data', () => client.resetAndDestroy());
    if (fate === 'end-after-1s') server.once('data', () => setTimeout(() => client.destroy(), 1_000));
    client.resume();
    if (fate === 'hold') this.#hold(tunnel, 'both');
  }

  #hold(tunnel: Tunnel, way: Way): void {
    tunnel.held = way;
    if (way !== 'to-client') tunnel.client.pause();
    if (way !== 'to-server') tunnel.server.pause();
  }

  #ended(tunnel: Tunnel): void {
    // Behind a black hole neither side learns that the other is gone.
    const ended: Way = tunnel.client.destroyed ? 'to-server' : 'to-client';
    const bothEnded = tunnel.client.destroyed && tunnel.server.destroyed;
    if (bothEnded || (tunnel.held !== 'both' && tunnel.held !== ended)) this.#end(tunnel);
  }

  #end(tunnel: Tunnel): void {
    this.#tunnels.delete(tunnel);
    tunnel.client.destroy();
    tunnel.server.destroy();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket
      .setNoDelay()
      .on('error', () => undefined)
      .once('close', () => this.#sockets.delete(socket));
  }
}

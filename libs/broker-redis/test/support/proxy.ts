import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a node and its servers. Cuts the node off, and loses replies. */
export class Proxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private readonly entrances = new Map<string, Server>();
  isCut = false;
  private losesReply = false;
  private isStalled = false;
  private onLost: (() => void) | undefined;
  /** Replaces the server of all connections. */
  private leader: number | undefined;

  static async start(target: number, host = '127.0.0.1'): Promise<Proxy> {
    const proxy = new Proxy();
    await proxy.add(target, host);
    return proxy;
  }

  /** Opens an entrance to a further server. */
  async add(port: number, host = '127.0.0.1'): Promise<void> {
    const server = createServer((client) => this.accept(client, port, host)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.entrances.set(`${host}:${port}`, server);
  }

  /** The entrance to a server. Undefined: there is none. */
  find(address: string): { host: string; port: number } | undefined {
    const entrance = this.entrances.get(address);
    return entrance && { host: '127.0.0.1', port: (entrance.address() as AddressInfo).port };
  }

  get url(): string {
    const [first] = this.entrances.keys();
    return `redis://127.0.0.1:${this.find(first!)!.port}`;
  }

  /** Number of open connections of the node. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Further connections lead to this port. */
  lead(target: number): void {
    this.leader = target;
  }

  /** Ends the connections, and refuses others until `mend` is called. */
  cut(): void {
    this.isCut = true;
    this.reset();
  }

  mend(): void {
    this.isCut = false;
  }

  /** Ends the connections. */
  reset(): void {
    for (const pair of [...this.pairs]) this.end(pair);
  }

  /** Passes nothing on, until it is called with false. The connections stay open. */
  stall(isStalled: boolean): void {
    this.isStalled = isStalled;
    for (const pair of this.pairs) {
      for (const socket of pair) {
        if (isStalled) socket.pause();
        else socket.resume();
      }
    }
  }

  /** Loses the next reply after a command, and the connection with it. Resolves then. */
  loseReply(): Promise<void> {
    this.losesReply = true;
    return new Promise((resolve) => (this.onLost = resolve));
  }

  async dispose(): Promise<void> {
    this.cut();
    for (const server of this.entrances.values()) {
      server.close();
      await once(server, 'close');
    }
  }

  private accept(client: Socket, port: number, host: string): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect(this.leader ?? port, host);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    let armed = false;
    client.on('data', (data) => {
      armed = this.losesReply && data.includes('EVALSHA');
      server.write(data);
    });
    server.on('data', (data) => {
      if (!armed || !this.losesReply) {
        client.write(data);
        return;
      }
      this.losesReply = false;
      this.end(pair);
      this.onLost?.();
    });
    for (const socket of pair) {
      socket.on('error', () => this.end(pair));
      socket.on('close', () => this.end(pair));
    }
    if (this.isStalled) for (const socket of pair) socket.pause();
  }

  private end(pair: readonly [Socket, Socket]): void {
    if (!this.pairs.delete(pair)) return;
    for (const socket of pair) socket.destroy();
  }
}

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** How slowly a proxy passes on what it gets. */
export interface Pace {
  readonly delayMs?: number;
  readonly sliceBytes?: number;
  readonly bytesPerSecond?: number;
}

/** Ports of addresses that name none. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'redis:': 6379, 'postgres:': 5432, 'postgresql:': 5432 };

/** Stands between a node and its servers. Cuts the node off, and loses replies. */
export class Proxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private readonly entrances = new Map<string, Server>();
  /** The server that the proxy was started for. */
  private address: URL | undefined;
  isCut = false;
  private losesReply = false;
  private isStalled = false;
  private pace: Pace | undefined;
  private onLost: (() => void) | undefined;
  /** Bytes that wait for their time on the way to a socket, and the time at which the last one leaves. */
  private readonly lanes = new WeakMap<Socket, { readonly slices: Buffer[]; freeAt: number }>();
  /** Replaces the server of all connections. */
  private leader: { readonly port: number; readonly host: string } | undefined;

  /** @param calls is in each command whose reply a test may lose. Other commands come from timers. */
  constructor(private readonly calls: RegExp) {}

  /** Starts a proxy to the server of an address. */
  static async start(address: string, calls = /^/): Promise<Proxy> {
    const proxy = new Proxy(calls);
    const url = new URL(address);
    await proxy.add(Number(url.port || DEFAULT_PORTS[url.protocol]), url.hostname);
    proxy.address = url;
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

  /** The address of the server, with the host and the port of the proxy. */
  get url(): string {
    const url = new URL(this.address!);
    const [first] = this.entrances.keys();
    const { host, port } = this.find(first!)!;
    url.hostname = host;
    url.port = String(port);
    return url.href;
  }

  /** Number of open connections of the node. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Further connections lead to this server. */
  lead(port: number, host = '127.0.0.1'): void {
    this.leader = { port, host };
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

  /** Holds back what the servers say on the open connections, until it is called with false. */
  holdReplies(areHeld: boolean): void {
    for (const [, server] of this.pairs) {
      if (areHeld) server.pause();
      else server.resume();
    }
  }

  /** Passes everything on late and in pieces. */
  slowDown(pace: Pace): void {
    this.pace = pace;
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
    const server = connect(this.leader ?? { port, host });
    const pair = [client, server] as const;
    this.pairs.add(pair);
    let armed = false;
    client.on('data', (data) => {
      armed ||= this.losesReply && this.calls.test(data.toString('latin1'));
      this.pass(data, server);
    });
    server.on('data', (data) => {
      if (!armed || !this.losesReply) {
        this.pass(data, client);
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

  private pass(data: Buffer, to: Socket): void {
    if (this.pace === undefined) {
      to.write(data);
      return;
    }
    const { delayMs = 0, sliceBytes = data.length, bytesPerSecond = Infinity } = this.pace;
    const lane = this.lanes.get(to) ?? { slices: [], freeAt: 0 };
    this.lanes.set(to, lane);
    for (let from = 0; from < data.length; from += sliceBytes) {
      const slice = data.subarray(from, from + sliceBytes);
      const now = performance.now();
      lane.freeAt = Math.max(now, lane.freeAt) + (slice.length * 1_000) / bytesPerSecond;
      lane.slices.push(slice);
      setTimeout(() => to.write(lane.slices.shift()!), lane.freeAt - now + delayMs);
    }
  }

  private end(pair: readonly [Socket, Socket]): void {
    if (!this.pairs.delete(pair)) return;
    for (const socket of pair) socket.destroy();
  }
}

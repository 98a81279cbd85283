import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

const DEFAULT_PORT = 5432;
/** The calls whose replies a test loses. Others come from timers. */
const CALL = /statewire_(publish|take_claim|settle_claim)/;

/** Stands between a node and a server. Cuts the node off, and loses replies. */
export class Proxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private target: number;
  private isCut = false;
  private losesReply = false;
  private isStalled = false;
  private slowness: { readonly delayMs: number; readonly bytes: number } | undefined;
  private onLost: (() => void) | undefined;

  private constructor(
    private readonly server: Server,
    private readonly address: URL,
  ) {
    this.target = Number(address.port || DEFAULT_PORT);
    server.on('connection', (client) => this.accept(client));
  }

  /** Starts a proxy to the server of an address. */
  static async start(url: string): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, new URL(url));
  }

  /** The address with the port of the proxy. */
  get url(): string {
    const url = new URL(this.address);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Number of open connections of the node. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Further connections lead to this port. */
  lead(target: number): void {
    this.target = target;
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

  /** Passes each reply on after `delayMs`, in slices of `bytes`, one in each turn of the event loop. */
  slow(delayMs: number, bytes: number): void {
    this.slowness = { delayMs, bytes };
  }

  async dispose(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect(this.target, this.address.hostname);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    let armed = false;
    client.on('data', (data) => {
      armed ||= this.losesReply && CALL.test(data.toString('latin1'));
      server.write(data);
    });
    let sent = Promise.resolve();
    server.on('data', (data) => {
      if (!armed || !this.losesReply) {
        const { slowness } = this;
        if (slowness === undefined) client.write(data);
        else {
          const delayed = wait(slowness.delayMs);
          sent = sent.then(() => delayed).then(() => writeInSlices(client, data, slowness.bytes));
        }
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

async function writeInSlices(socket: Socket, data: Buffer, bytes: number): Promise<void> {
  for (let from = 0; from < data.length && !socket.destroyed; from += bytes) {
    socket.write(data.subarray(from, from + bytes));
    await nextTurn();
  }
}

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { seeded } from '../seed.js';
import type { BlackholeScope, Conditions, Direction, HttpFault, ProxiedRequest, UpgradeFault } from './faults.js';
import { applyHttpFault } from './http-faults.js';
import { RequestSplitter } from './request-splitter.js';
import { Tunnel } from './tunnel.js';

export interface FaultProxyOptions {
  /** Port on the loopback interface. Default: a free one. */
  readonly port?: number;
  /** Uniform in [0, 1), for jitter. Default: from `STATEWIRE_SEED`. */
  readonly random?: () => number;
}

const STATUS_LINES = { reject: '403 Forbidden', 'bad-request': '400 Bad Request' };

/**
 * A TCP proxy on the loopback interface that injects faults into upgrades, HTTP requests and connections. Its faults have
 * the names of `NetworkFaults` in `@statewire/testing`. Without faults it passes bytes exactly.
 */
export class FaultProxy {
  /** Conditions of every connection that has none of its own. */
  conditions: Conditions = {};
  /** Port of the server for new connections. */
  upstream: number;
  /** Number of upgrades and requests by fault. */
  readonly injected = new Map<UpgradeFault | HttpFault, number>();
  readonly #random: () => number;
  #upgradeCount = 0;
  #requestCount = 0;
  #upgradeFault: (upgrade: number) => UpgradeFault = pass;
  #httpFault: ((request: ProxiedRequest) => HttpFault) | undefined;
  #blackhole: Direction | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #server: Server;

  private constructor(upstream: number, random: () => number) {
    this.upstream = upstream;
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** @param upstream port of the server on the loopback interface. */
  static async start(
    upstream: number,
    { port = 0, random = seeded().random }: FaultProxyOptions = {},
  ): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream, random);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The connections that have not ended, in the order in which they began. */
  get tunnels(): readonly Tunnel[] {
    return [...this.#tunnels];
  }

  /** Number of WebSockets that clients have open. */
  get webSockets(): number {
    return this.tunnels.filter(({ isWebSocket, isOpen }) => isWebSocket && isOpen).length;
  }

  /** Chooses the fault of each upgrade. The first is number 0. */
  upgrades(fault: UpgradeFault | ((upgrade: number) => UpgradeFault)): void {
    this.#upgradeFault = typeof fault === 'function' ? fault : () => fault;
  }

  /** Chooses the fault of each HTTP request. */
  http(fault: HttpFault | ((request: ProxiedRequest) => HttpFault)): void {
    this.#httpFault = typeof fault === 'function' ? fault : () => fault;
  }

  /** Holds all bytes in this direction back until `restore`. */
  blackhole(scope: BlackholeScope, direction: Direction = 'both'): void {
    if (scope === 'all') this.#blackhole = direction;
    for (const tunnel of this.#tunnels) if (scope === 'all' || tunnel.isWebSocket) tunnel.blackhole(direction);
  }

  /** Delays all bytes in this direction by `ms`, also for later connections. */
  freeze(ms: number, direction: Direction = 'both'): void {
    this.blackhole('all', direction);
    setTimeout(() => this.#release(), ms);
  }

  /** Ends every fault, removes all conditions, and delivers held bytes. */
  restore(): void {
    this.#upgradeFault = pass;
    this.#httpFault = undefined;
    this.conditions = {};
    for (const tunnel of this.#tunnels) tunnel.conditions = undefined;
    this.#release();
  }

  #release(): void {
    this.#blackhole = undefined;
    for (const tunnel of this.#tunnels) tunnel.release();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.#keep(client);
    const leave = (): void => void client.end();
    client.once('end', leave).once('data', (head: Buffer) => {
      client.pause().off('end', leave);
      const isUpgrade = head.toString('latin1').startsWith('GET /ws ');
      const fault = isUpgrade ? this.#upgradeFault(this.#upgradeCount++) : 'pass';
      this.#count(fault);
      if (fault === 'reject' || fault === 'bad-request')
        client.end(`HTTP/1.1 ${STATUS_LINES[fault]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else if (fault === 'cut') client.resetAndDestroy();
      else this.#pass(client, head, isUpgrade, fault);
    });
  }

  #pass(client: Socket, head: Buffer, isUpgrade: boolean, fault: UpgradeFault): void {
    const server = this.#open();
    const tunnel = new Tunnel(client, server, isUpgrade, () => this.conditions, this.#random);
    this.#tunnels.add(tunnel);
    for (const side of [client, server]) {
      side.on('close', () => client.destroyed && server.destroyed && this.#tunnels.delete(tunnel));
    }
    if (fault === 'hang') tunnel.blackhole('both');
    if (this.#blackhole !== undefined) tunnel.blackhole(this.#blackhole);
    if (fault === 'cut-accepted') server.once('data', () => tunnel.cut());
    else server.on('data', (chunk) => tunnel.down.push(chunk));
    if (fault === 'end-after-1s') server.once('data', () => setTimeout(() => tunnel.end(), 1_000));
    const take = isUpgrade ? (chunk: Buffer): void => tunnel.up.push(chunk) : this.#split(tunnel);
    client.on('data', take);
    take(head);
  }

  /** Passes requests on one by one, so that each can have its own fault. */
  #split(tunnel: Tunnel): (chunk: Buffer) => void {
    const splitter = new RequestSplitter();
    tunnel.client.prependListener('end', () => {
      if (!splitter.isEmpty) tunnel.up.push(splitter.rest());
    });
    return (chunk) => {
      const httpFault = this.#httpFault;
      if (httpFault === undefined && splitter.isEmpty) return tunnel.up.push(chunk);
      for (const request of splitter.push(chunk)) {
        const { method, path } = request;
        const fault = httpFault?.({ number: this.#requestCount++, method, path }) ?? 'pass';
        this.#count(fault);
        void applyHttpFault(fault, tunnel, request, () => this.#open().resume());
      }
    };
  }

  #count(fault: UpgradeFault | HttpFault): void {
    if (fault !== 'pass') this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
  }

  #open(): Socket {
    return this.#keep(connect({ port: this.upstream, host: '127.0.0.1', allowHalfOpen: true }));
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket
      .setNoDelay()
      .on('error', () => undefined)
      .once('close', () => this.#sockets.delete(socket));
  }
}

function pass(): 'pass' {
  return 'pass';
}

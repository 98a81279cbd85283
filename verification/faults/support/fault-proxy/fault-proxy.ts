import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import type { Fate, HttpFate, ProxiedRequest, Way, Weather } from './faults.js';
import { meet } from './http-faults.js';
import { RequestSplitter } from './request-splitter.js';
import { Tunnel } from './tunnel.js';

export interface FaultProxyOptions {
  /** Port on the loopback interface. Default: a free one. */
  readonly port?: number;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
}

const ANSWERS = { refuse: '403 Forbidden', reject: '400 Bad Request' };

/**
 * A network between clients and a server that does what it is told: to WebSockets by their fate, to HTTP requests by
 * theirs, to everything by weather and outages. Untouched, it passes bytes exactly.
 */
export class FaultProxy {
  /** Decides over each upgrade; the first is number 0. */
  fate: (upgrade: number) => Fate = () => 'pass';
  /** Decides over each HTTP request. */
  httpFate: ((request: ProxiedRequest) => HttpFate) | undefined;
  /** How bytes travel on every connection that has no weather of its own. */
  weather: Weather = {};
  /** Where new connections lead. */
  upstream: number;
  /** Fates other than `pass` that came true, by name. */
  readonly done = new Map<Fate | HttpFate, number>();
  readonly #random: () => number;
  #upgrades = 0;
  #requests = 0;
  #outage: Way | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #server: Server;

  private constructor(upstream: number, random: () => number) {
    this.upstream = upstream;
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#arrive(client));
  }

  /** @param upstream port of the server on the loopback interface. */
  static async start(
    upstream: number,
    { port = 0, random = Math.random }: FaultProxyOptions = {},
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

  /** Every connection that is not over, in the order in which they came. */
  get tunnels(): readonly Tunnel[] {
    return [...this.#tunnels];
  }

  /** WebSockets that clients hold open at this moment. */
  get webSockets(): number {
    return this.tunnels.filter(({ isWebSocket, isOpen }) => isWebSocket && isOpen).length;
  }

  /** Loses everything on this way of the WebSockets that are open. New connections are not touched. */
  hold(way: Way): void {
    for (const tunnel of this.#tunnels) if (tunnel.isWebSocket) tunnel.hold(way);
  }

  /** Loses everything on this way, of every connection that there is or will be. */
  blackhole(way: Way): void {
    this.#outage = way;
    for (const tunnel of this.#tunnels) tunnel.hold(way);
  }

  /** The network is back: what was held is passed on, and upgrades pass. */
  release(): void {
    this.fate = () => 'pass';
    this.#outage = undefined;
    for (const tunnel of this.#tunnels) tunnel.release();
  }

  /** `release`, and everything else that was decided is forgotten too. */
  heal(): void {
    this.httpFate = undefined;
    this.weather = {};
    for (const tunnel of this.#tunnels) tunnel.weather = undefined;
    this.release();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #arrive(client: Socket): void {
    this.#keep(client);
    const leave = (): void => void client.end();
    client.once('end', leave).once('data', (head: Buffer) => {
      client.pause().off('end', leave);
      const isUpgrade = head.toString('latin1').startsWith('GET /ws ');
      const fate = isUpgrade ? this.fate(this.#upgrades++) : 'pass';
      this.#count(fate);
      if (fate === 'refuse' || fate === 'reject')
        client.end(`HTTP/1.1 ${ANSWERS[fate]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else if (fate === 'reset') client.resetAndDestroy();
      else this.#pass(client, head, isUpgrade, fate);
    });
  }

  #pass(client: Socket, head: Buffer, isUpgrade: boolean, fate: Fate): void {
    const server = this.#open();
    const tunnel = new Tunnel(client, server, isUpgrade, () => this.weather, this.#random);
    this.#tunnels.add(tunnel);
    for (const side of [client, server]) {
      side.on('close', () => client.destroyed && server.destroyed && this.#tunnels.delete(tunnel));
    }
    if (fate === 'hold') tunnel.hold('both');
    if (this.#outage !== undefined) tunnel.hold(this.#outage);
    if (fate === 'reset-accepted') server.once('data', () => tunnel.reset());
    else server.on('data', (chunk) => tunnel.down.push(chunk));
    if (fate === 'end-after-1s') server.once('data', () => setTimeout(() => tunnel.end(), 1_000));
    const take = isUpgrade ? (chunk: Buffer): void => tunnel.up.push(chunk) : this.#split(tunnel);
    client.on('data', take);
    take(head);
  }

  /** Passes requests on one by one, so that each can have a fate. */
  #split(tunnel: Tunnel): (chunk: Buffer) => void {
    const splitter = new RequestSplitter();
    tunnel.client.prependListener('end', () => {
      if (!splitter.isEmpty) tunnel.up.push(splitter.rest());
    });
    return (chunk) => {
      const { httpFate } = this;
      if (httpFate === undefined && splitter.isEmpty) return tunnel.up.push(chunk);
      for (const request of splitter.push(chunk)) {
        const { method, path } = request;
        const fate = httpFate?.({ number: this.#requests++, method, path }) ?? 'pass';
        this.#count(fate);
        void meet(fate, tunnel, request, () => this.#open().resume());
      }
    };
  }

  #count(fate: Fate | HttpFate): void {
    if (fate !== 'pass') this.done.set(fate, (this.done.get(fate) ?? 0) + 1);
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

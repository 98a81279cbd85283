import type { Server } from 'node:http';

import type { INestApplication, Type } from '@nestjs/common';
import { RealtimeBus, RealtimeConnections, RealtimeSwitch } from '@statewire/nest';
import type { ForeignAnswer, NetworkPath, VirtualEnvironment, VirtualProcess } from '@statewire/testing';

import type { Dial } from './client-network.js';
import type { VirtualTimeWaiter } from './virtual-time-waiter.js';
import { SimulatedSocket } from './simulated-socket.js';
import { singleTimersOf } from './virtual-time.js';

/** Creates the application for a start, in the given process. */
export type StartApplication = (process: VirtualProcess) => Promise<INestApplication>;

/** A drain takes as long as the drain window and the hooks of the application. */
const MAX_DRAIN_MS = 600_000;

/** A started application with its process. */
interface Running {
  readonly process: VirtualProcess;
  readonly app: INestApplication;
}

/** The application under test. It keeps its address on the simulated network through all restarts. */
export class SimulatedServer {
  private running: Running | undefined;
  private readonly sockets = new Set<SimulatedSocket>();
  /** Keeps time while no server runs. */
  private readonly idleProcess: VirtualProcess;
  private starting: VirtualProcess | undefined;
  private stalledUntil = 0;
  /** The operation under way: `start`, `stop` or `restart`. */
  private underway: string | undefined;
  private readonly stalled = new Set<NetworkPath>();

  /** @internal */
  constructor(
    private readonly environment: VirtualEnvironment,
    private readonly startApplication: StartApplication,
    private readonly paths: () => readonly NetworkPath[],
    private readonly waiter: VirtualTimeWaiter,
  ) {
    this.idleProcess = environment.fork();
  }

  /** Whether the server runs. */
  get isUp(): boolean {
    return this.running !== undefined;
  }

  /** The running application. @throws Error while the server is down. */
  get app(): INestApplication {
    return this.current.app;
  }

  /** The bus of the running application. */
  get bus(): RealtimeBus {
    return this.get(RealtimeBus);
  }

  /** The connections of the running application. */
  get connections(): RealtimeConnections {
    return this.get(RealtimeConnections);
  }

  /** The switch of the WebSocket. `set(false)` moves every client to polling. */
  get webSocket(): RealtimeSwitch {
    return this.get(RealtimeSwitch);
  }

  /** Number of open sockets, including those of HTTP requests. */
  get openSockets(): number {
    return this.sockets.size;
  }

  /** Number of realtime connections that the server takes for open. */
  get openConnections(): number {
    return this.connections.list().length;
  }

  /** Clock, timers and randomness of the server process. */
  get process(): VirtualProcess {
    return this.starting ?? this.running?.process ?? this.idleProcess;
  }

  /** Returns a provider of the running application. */
  get<T>(token: Type<T> | symbol | string): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Starts a new instance after {@link stop} or {@link crash}. */
  async start(): Promise<void> {
    await this.exclusively('start', () => this.begin());
  }

  /** Stops the server as SIGTERM does: it drains for `drain.windowMs` of the application, and closes. */
  async stop(): Promise<void> {
    await this.exclusively('stop', () => this.end());
  }

  /**
   * Stops the server and starts it again after `downFor` milliseconds. Default 0. Clients notice it over their network;
   * `live()` waits until they are connected to the new instance.
   */
  async restart({ downFor = 0 }: { readonly downFor?: number } = {}): Promise<void> {
    await this.exclusively('restart', async () => {
      await this.end();
      await this.environment.advance(downFor);
      await this.begin();
    });
  }

  /** @internal Identifies the running instance; undefined while the server is down. */
  get instance(): object | undefined {
    return this.running;
  }

  /** @internal Whether the running instance has this connection. */
  has(connectionId: string): boolean {
    return this.running !== undefined && this.connections.list().some(({ id }) => id === connectionId);
  }

  /** Ends the process at once, as `kill -9` does, until {@link start}. Nothing of it runs any more. */
  crash(): void {
    const { process } = this.current;
    this.running = undefined;
    for (const socket of this.sockets) socket.crash();
    this.sockets.clear();
    process.kill();
    this.endStall();
  }

  /** Blocks the event loop for `ms`: no timer runs, and no bytes move. New connections wait as well. */
  stall(ms: number): void {
    const until = this.environment.monotonic() + ms;
    this.stalledUntil = Math.max(this.stalledUntil, until);
    this.process.suspend(ms);
    for (const path of this.paths()) this.hold(path);
    this.environment.setTimer(() => {
      if (this.stalledUntil === until) this.endStall();
    }, ms);
  }

  /** @internal */
  readonly dial: Dial = (path, clientProcess, address, proxy) => {
    if (this.environment.monotonic() < this.stalledUntil) this.hold(path);
    const connection = path.connect();
    const environments = { client: clientProcess, server: this.process };
    const { client, server } = SimulatedSocket.pair(connection, environments, address);
    client.signal(() => {
      if (server.destroyed) return;
      if (proxy === undefined) this.accept(server);
      else if ('status' in proxy) answer(server, proxy);
    });
    return client;
  };

  private async begin(): Promise<void> {
    if (this.running !== undefined) throw new Error('The server runs already. Call `stop()` or `crash()` first.');
    const process = this.environment.fork();
    this.starting = process;
    try {
      const app = this.startApplication(process);
      const timers = (): number => singleTimersOf(process);
      this.running = { process, app: await this.waiter.waitPatiently(app, 'the server to start', timers) };
    } finally {
      this.starting = undefined;
    }
  }

  private async end(): Promise<void> {
    const { app } = this.current;
    await this.waiter.wait(app.close(), () => 'the server to drain and close', MAX_DRAIN_MS);
    this.crash();
  }

  private async exclusively(what: string, work: () => Promise<void>): Promise<void> {
    if (this.underway !== undefined) {
      throw new Error(`\`${this.underway}()\` of the server is under way. Await it before you call \`${what}()\`.`);
    }
    this.underway = what;
    try {
      await work();
    } finally {
      this.underway = undefined;
    }
  }

  private accept(socket: SimulatedSocket): void {
    if (this.running === undefined) {
      socket.crash();
      return;
    }
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    socket.handOver();
    const server = this.running.app.getHttpServer() as Server;
    socket.awaitHead(server.headersTimeout);
    server.emit('connection', socket);
  }

  private hold(path: NetworkPath): void {
    path.hold('stall');
    this.stalled.add(path);
  }

  /** Ends a stall. */
  private endStall(): void {
    this.stalledUntil = 0;
    for (const path of this.stalled) path.release('stall');
    this.stalled.clear();
  }

  private get current(): Running {
    if (this.running === undefined) throw new Error('The server is down. Call `await simulation.server.start()`.');
    return this.running;
  }
}

function answer(socket: SimulatedSocket, { status, body = '' }: ForeignAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const head = `HTTP/1.1 ${status} Simulated\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  socket.resume();
  socket.end(head + text);
}

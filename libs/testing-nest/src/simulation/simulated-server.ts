import type { Server } from 'node:http';

import type { INestApplication, Type } from '@nestjs/common';
import { RealtimeBus, RealtimeConnections, RealtimeSwitch } from '@statewire/nest';
import type { NetworkPath, VirtualEnvironment, VirtualProcess } from '@statewire/testing';

import type { Dial } from './client-network.js';
import type { Pass } from './pass.js';
import { SimulatedSocket } from './simulated-socket.js';
import { singleTimersOf } from './virtual-time.js';

/** Makes the application anew at each start, on the process it is given. */
export type StartApplication = (process: VirtualProcess) => Promise<INestApplication>;

/** Milliseconds; a drain takes as long as the application's `drain.windowMs` and its hooks say. */
const LONGEST_DRAIN = 600_000;

/** What a server that was started has. */
interface Running {
  readonly process: VirtualProcess;
  readonly app: INestApplication;
}

/** The application under test, at one name of the simulated network through all its restarts. */
export class SimulatedServer {
  private running: Running | undefined;
  private readonly sockets = new Set<SimulatedSocket>();
  /** Keeps time for what is asked of nobody. */
  private readonly nobody: VirtualProcess;
  private starting: VirtualProcess | undefined;
  private stalledUntil = 0;
  /** What it is at: `start`, `stop` or `restart`. */
  private underway: string | undefined;
  private readonly stalled = new Set<NetworkPath>();

  /** @internal */
  constructor(
    private readonly environment: VirtualEnvironment,
    private readonly startApplication: StartApplication,
    private readonly paths: () => readonly NetworkPath[],
    private readonly pass: Pass,
  ) {
    this.nobody = environment.fork();
  }

  /** Whether it runs. */
  get isUp(): boolean {
    return this.running !== undefined;
  }

  /** The application that runs. @throws Error while none does. */
  get app(): INestApplication {
    return this.current.app;
  }

  get bus(): RealtimeBus {
    return this.get(RealtimeBus);
  }

  get connections(): RealtimeConnections {
    return this.get(RealtimeConnections);
  }

  /** The switch of the WebSocket: `set(false)` moves everybody to polling. */
  get webSocket(): RealtimeSwitch {
    return this.get(RealtimeSwitch);
  }

  /** Sockets the server has open, those that only made a request among them. */
  get openSockets(): number {
    return this.sockets.size;
  }

  /** Realtime connections whose end the server has not noticed. */
  get openConnections(): number {
    return this.connections.list().length;
  }

  /** Clock, timers and randomness of the process that runs, or of nobody. */
  get process(): VirtualProcess {
    return this.starting ?? this.running?.process ?? this.nobody;
  }

  /** A provider of the application. */
  get<T>(token: Type<T> | symbol | string): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Starts it again after a {@link stop} or a {@link crash}: a new instance that remembers what its broker does. */
  async start(): Promise<void> {
    await this.alone('start', () => this.begin());
  }

  /** Stops it as SIGTERM does: it drains, which takes as long as `drain.windowMs` says, and closes. */
  async stop(): Promise<void> {
    await this.alone('stop', () => this.end());
  }

  /**
   * {@link stop}, and {@link start} after `downFor` ms. Default 0. Clients hear of it as their network lets them:
   * `live()` waits until they are connected to the new one.
   */
  async restart({ downFor = 0 }: { readonly downFor?: number } = {}): Promise<void> {
    await this.alone('restart', async () => {
      await this.end();
      await this.environment.advance(downFor);
      await this.begin();
    });
  }

  /** @internal What tells the process that runs from those before; undefined while none does. */
  get instance(): object | undefined {
    return this.running;
  }

  /** @internal Whether the process that runs has this connection. */
  has(connectionId: string): boolean {
    return this.running !== undefined && this.connections.list().some(({ id }) => id === connectionId);
  }

  /** The process dies at once, as with `kill -9`: no goodbye, and nothing of it runs any more. Until {@link start}. */
  crash(): void {
    const { process } = this.current;
    this.running = undefined;
    for (const socket of this.sockets) socket.crash();
    this.sockets.clear();
    process.kill();
    this.goOn();
  }

  /** Its event loop stands still for `ms`: no timer runs, nothing is read or written. Who comes meanwhile waits as well. */
  stall(ms: number): void {
    const until = this.environment.monotonic() + ms;
    this.stalledUntil = Math.max(this.stalledUntil, until);
    this.process.suspend(ms);
    for (const path of this.paths()) this.hold(path);
    this.environment.setTimer(() => {
      if (this.stalledUntil === until) this.goOn();
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
      else if ('status' in proxy) answer(server, proxy.status);
    });
    return client;
  };

  private async begin(): Promise<void> {
    if (this.running !== undefined) throw new Error('The server runs already.');
    const process = this.environment.fork();
    this.starting = process;
    try {
      const app = this.startApplication(process);
      const timers = (): number => singleTimersOf(process);
      this.running = { process, app: await this.pass.waitPatiently(app, 'the server to start', timers) };
    } finally {
      this.starting = undefined;
    }
  }

  private async end(): Promise<void> {
    const { app } = this.current;
    await this.pass.wait(app.close(), () => 'the server to drain and close', LONGEST_DRAIN);
    this.crash();
  }

  private async alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.underway !== undefined) {
      throw new Error(`The server is at a \`${this.underway}()\`: await that before you call \`${what}()\`.`);
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
    (this.running.app.getHttpServer() as Server).emit('connection', socket);
  }

  private hold(path: NetworkPath): void {
    path.hold('stall');
    this.stalled.add(path);
  }

  /** The event loop turns again, or there is none any more that could stand still. */
  private goOn(): void {
    this.stalledUntil = 0;
    for (const path of this.stalled) path.release('stall');
    this.stalled.clear();
  }

  private get current(): Running {
    if (this.running === undefined) throw new Error('The server does not run: call `await simulation.server.start()`.');
    return this.running;
  }
}

function answer(socket: SimulatedSocket, status: number): void {
  socket.resume();
  socket.end(`HTTP/1.1 ${status} Simulated\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

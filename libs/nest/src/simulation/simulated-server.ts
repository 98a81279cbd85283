import type { Server } from 'node:http';

import type { INestApplication, Type } from '@nestjs/common';
import type { NetworkPath, VirtualEnvironment, VirtualProcess } from '@statewire/client/testing';

import { RealtimeBus } from '../bus/realtime-bus.js';
import { ConnectionHub } from '../connection/connection-hub.js';
import { RealtimeConnections } from '../connection/realtime-connections.js';
import type { RealtimeSwitch } from '../lifecycle/lifecycle.js';
import { REALTIME_SWITCH } from '../module/tokens.js';
import type { Dial } from './client-network.js';
import type { Pass } from './pass.js';
import { SimulatedSocket } from './simulated-socket.js';

/** Makes the application anew at each start, on the process it is given. */
export type StartApplication = (process: VirtualProcess) => Promise<INestApplication>;

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
    return this.get<RealtimeSwitch>(REALTIME_SWITCH);
  }

  /** Sockets the server has open, those that only made a request among them. */
  get openSockets(): number {
    return this.sockets.size;
  }

  /** Realtime connections whose end the server has not noticed. */
  get openConnections(): number {
    return this.get(ConnectionHub).size;
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
    if (this.running !== undefined) throw new Error('The server runs already.');
    const process = this.environment.fork();
    this.starting = process;
    try {
      const app = this.startApplication(process);
      const hasTimers = (): boolean => process.timers > 0;
      this.running = { process, app: await this.pass.waitPatiently(app, 'the start of the server', hasTimers) };
    } finally {
      this.starting = undefined;
    }
  }

  /** Stops it as SIGTERM does: it drains, which takes as long as `drain.window` says, and closes. */
  async stop(): Promise<void> {
    const { app } = this.current;
    await this.pass.wait(app.close(), 'the server to drain and close');
    this.crash();
  }

  /** {@link stop}, and {@link start} after `downFor` ms. Default 0. */
  async restart({ downFor = 0 }: { readonly downFor?: number } = {}): Promise<void> {
    await this.stop();
    await this.environment.advance(downFor);
    await this.start();
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

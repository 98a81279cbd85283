import type { DynamicModule, HttpServer, INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { VirtualEnvironment } from '@statewire/testing';
import type { AddressInfo } from 'node:net';
import type { ClientOptions } from 'ws';

import { RealtimeBus } from '../../src/realtime-bus.js';
import { RealtimeConnections } from '../../src/realtime-connections.js';
import type { Environment } from '../../src/core/environment.js';
import type { RealtimeModuleOptions } from '../../src/core/options.js';
import { RealtimeModule } from '../../src/realtime.module.js';
import { TestSocket } from './test-socket.js';

export type Platform = 'express' | 'fastify';

export interface TestApplicationOptions {
  readonly realtime?: RealtimeModuleOptions;
  /** Gives the server this clock and its timers, so that time passes only when the test advances it. Sockets stay real. */
  readonly clock?: VirtualEnvironment;
  /** The module of `forRootAsync`, instead of `realtime`. */
  readonly module?: DynamicModule;
  /** Default `express`. */
  readonly platform?: Platform;
  /** The HTTP framework with options of its own, instead of `platform`. */
  readonly adapter?: HttpServer;
  /** Serves over TLS. */
  readonly httpsOptions?: object;
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly providers?: NonNullable<ModuleMetadata['providers']>;
  readonly controllers?: Type[];
  /** Called before the application starts to listen, like the code in `main.ts`. */
  readonly configure?: (app: INestApplication) => void;
  /** Default: none of Nest's. */
  readonly logger?: { log(): void; error(): void; warn(): void; debug(): void; verbose(): void } | false;
}

/** A whole application on a free port of the loopback interface. */
export class TestApplication {
  private readonly sockets = new Set<TestSocket>();

  private constructor(
    readonly app: INestApplication,
    readonly port: number,
    private readonly path: string,
    private readonly clock: VirtualEnvironment | undefined,
  ) {}

  /** @example const arena = await TestApplication.start({ providers: [BattleHandlers] }); */
  static async start(options: TestApplicationOptions = {}): Promise<TestApplication> {
    const { clock } = options;
    const realtime = { drain: { windowMs: 0 }, ...(clock && { environment: timeOf(clock) }), ...options.realtime };
    const builder = Test.createTestingModule({
      imports: [options.module ?? RealtimeModule.forRoot(realtime), ...(options.imports ?? [])],
      providers: options.providers ?? [],
      controllers: options.controllers ?? [],
    });
    builder.setLogger(options.logger === undefined || options.logger === false ? silent : options.logger);
    const adapter = options.adapter ?? (await adapterOf(options.platform ?? 'express'));
    const app = (await builder.compile()).createNestApplication(adapter, { httpsOptions: options.httpsOptions });
    options.configure?.(app);
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    return new TestApplication(app, port, realtime.path ?? '/ws', clock);
  }

  /** `http://127.0.0.1:port` */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get bus(): RealtimeBus {
    return this.app.get(RealtimeBus);
  }

  get connections(): RealtimeConnections {
    return this.app.get(RealtimeConnections);
  }

  get<T>(token: Type<T> | symbol): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Opens a socket; `close` closes it. */
  async connect(
    options: ClientOptions & { readonly protocol?: string; readonly path?: string } = {},
  ): Promise<TestSocket> {
    const { path = this.path, ...rest } = options;
    const socket = await TestSocket.connect(`ws://127.0.0.1:${this.port}${path}`, rest);
    this.sockets.add(socket);
    return socket;
  }

  /** Opens a socket and says `hello`. */
  async welcome(token?: string): Promise<TestSocket> {
    const socket = await this.connect();
    await socket.hello(token);
    return socket;
  }

  /** Terminates the remaining sockets and stops the application. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.webSocket.terminate();
    let isClosed = false;
    const closed = this.app.close().finally(() => (isClosed = true));
    while (this.clock && !isClosed) await this.clock.advance(100);
    await closed;
  }
}

function timeOf({ now, monotonic, setTimer }: VirtualEnvironment): Partial<Environment> {
  return { now, monotonic, setTimer };
}

const silent = { log() {}, error() {}, warn() {}, debug() {}, verbose() {} };

async function adapterOf(platform: Platform): Promise<HttpServer> {
  if (platform === 'express') {
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    return new ExpressAdapter();
  }
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return new FastifyAdapter();
}

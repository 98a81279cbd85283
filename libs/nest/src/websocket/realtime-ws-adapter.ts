import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { GATEWAY_METADATA } from '@nestjs/websockets/constants.js';
import { SAFE_FRAME_BYTES, SUBPROTOCOL } from '@statewire/protocol';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import { WebSocketServer } from 'ws';

import { internalError, RealtimeError } from '../core/errors.js';
import { hasHttpServer } from '../core/http-server.js';
import { requireBoundedPongs, RealtimeSocket } from './realtime-socket.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { UpgradeAuthorizer, UpgradeContext } from './upgrade-authorizer.js';
import { rejectUpgrade, UpgradeRouter } from './upgrade-router.js';

/** Marks the options of the module's own gateway. */
export const OWN_GATEWAY = Symbol('statewire:own-gateway');

/** Milliseconds in which the client has to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 5_000;

interface GatewayOptions {
  readonly path?: string;
  readonly [OWN_GATEWAY]?: true;
}

type Transform = (data: unknown) => Observable<unknown>;

/** Makes the adapter that Nest uses by default. */
export type DefaultAdapter = (server: Server | undefined) => WebSocketAdapter;

/**
 * Serves the module's own gateway. Passes every other gateway to the inner adapter: the one that the application set
 * with `useWebSocketAdapter`, or Nest's default.
 */
export class RealtimeWsAdapter extends WsAdapter {
  private router: UpgradeRouter | undefined;
  private ownServer: WebSocketServer | undefined;
  private inner: WebSocketAdapter | undefined;
  /** Paths that the inner adapter serves. */
  private readonly innerPaths = new Set<string>();

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    private readonly authorizer: UpgradeAuthorizer,
    private readonly host: HttpAdapterHost,
    private readonly log: RealtimeLog,
    private readonly defaultAdapter: DefaultAdapter | undefined,
  ) {
    super();
  }

  /**
   * Becomes the adapter of the application, so that `main.ts` needs no code.
   *
   * @throws Error if the module is imported twice.
   */
  install(config: ApplicationConfig): void {
    const given = config.getIoAdapter() ?? undefined;
    if (given instanceof RealtimeWsAdapter) {
      throw new Error('RealtimeModule is imported twice: import it once, it is global.');
    }
    this.inner = given;
    config.setIoAdapter(this);
    // An adapter that the application sets later serves its gateways behind this one.
    config.setIoAdapter = (adapter) => {
      this.inner = adapter;
    };
  }

  override get forceCloseConnections(): boolean {
    return super.forceCloseConnections;
  }

  override set forceCloseConnections(value: boolean) {
    super.forceCloseConnections = value;
    if (this.inner !== undefined) Object.assign(this.inner, { forceCloseConnections: value });
  }

  override create(port: number, options: GatewayOptions): unknown {
    if (options[OWN_GATEWAY]) return this.createOwn();
    if (isSamePath(options.path, this.options.path)) throw this.pathInUseError();
    const inner = this.innerAdapter();
    // Nest's WsAdapter ends every upgrade of an unknown path, also those of other servers of the application.
    if (!(inner instanceof WsAdapter) || port !== 0 || !hasHttpServer(this.host)) return inner.create(port, options);
    const server = this.upgrades().confine(
      (path) => this.innerPaths.has(path),
      () => inner.create(port, options) as { path: string },
    );
    this.innerPaths.add(server.path);
    return server;
  }

  override bindClientConnect(server: never, callback: (...values: unknown[]) => void): void {
    if (this.ownServer === undefined || server !== this.ownServer) {
      this.innerAdapter().bindClientConnect(server, callback);
      return;
    }
    // Nest gives gateways of the same path one server and does not call `create` for the second.
    if (this.ownServer.listenerCount('connection') > 0) throw this.pathInUseError();
    super.bindClientConnect(server, callback);
  }

  override bindClientDisconnect(client: never, callback: (...values: unknown[]) => void): void {
    // The connections of this module listen to their sockets themselves.
    if ((client as object) instanceof RealtimeSocket) return;
    this.innerAdapter().bindClientDisconnect?.(client, callback);
  }

  override bindMessageHandlers(client: never, handlers: WsMessageHandler[], transform: Transform): void {
    // Nest would pass each message through RxJS.
    if ((client as object) instanceof RealtimeSocket) return;
    this.innerAdapter().bindMessageHandlers(client, handlers, transform);
  }

  override async close(server: unknown): Promise<void> {
    if (server !== this.ownServer) {
      await this.innerAdapter().close(server);
      return;
    }
    this.router?.dispose();
    this.router = undefined;
  }

  override async dispose(): Promise<void> {
    await (this.inner as Partial<WsAdapter> | undefined)?.dispose?.();
  }

  private createOwn(): WebSocketServer {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxPayload(this.options.limits.frames.bytes),
      closeTimeout: CLOSE_TIMEOUT_MS,
      handleProtocols: () => SUBPROTOCOL,
      WebSocket: RealtimeSocket,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    requireBoundedPongs(server);
    this.ownServer = server;
    // A microservice has gateways, but no HTTP server.
    if (hasHttpServer(this.host)) this.upgrades();
    return server;
  }

  /** Made on first use, because the HTTP server does not exist when Nest makes this adapter. */
  private upgrades(): UpgradeRouter {
    this.router ??= new UpgradeRouter(this.httpServerOfApplication(), this.options.path, (request, socket, head) => {
      void this.accept(request, socket, head);
    });
    return this.router;
  }

  private async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Node removes its own listener with the upgrade, and an error without a listener ends the process.
    socket.on('error', destroy);
    let context: UpgradeContext;
    try {
      context = await this.authorizer.authorize(request);
    } catch (thrown) {
      this.reject(socket, thrown);
      return;
    }
    socket.off('error', destroy);
    if (!this.handOver(request, socket, head, context)) context.slot.leave();
  }

  /** @returns false if ws has rejected the handshake, or the client is gone. */
  private handOver(request: IncomingMessage, socket: Duplex, head: Buffer, context: UpgradeContext): boolean {
    let isOpen = false;
    try {
      this.ownServer?.handleUpgrade(request, socket, head, (webSocket) => {
        this.ownServer?.emit('connection', webSocket, context);
        isOpen = true;
      });
    } catch (thrown) {
      // Another listener of `upgrade` has taken the socket, which the contract of the event forbids.
      this.log.error('upgrade-failed', thrown);
      socket.destroy();
    }
    return isOpen;
  }

  private reject(socket: Duplex, thrown: unknown): void {
    const expected = thrown instanceof RealtimeError;
    const error = expected ? thrown : internalError(thrown);
    if (expected) this.log.warn('upgrade-rejected', { reason: error.code, message: error.message });
    else this.log.error('upgrade-failed', thrown);
    rejectUpgrade(socket, error);
  }

  private pathInUseError(): Error {
    const { path } = this.options;
    return new Error(`Another gateway uses the path "${path}" of RealtimeModule. Give one of them another path.`);
  }

  private innerAdapter(): WebSocketAdapter {
    this.inner ??= this.defaultAdapter?.(hasHttpServer(this.host) ? this.httpServerOfApplication() : undefined);
    if (this.inner === undefined) {
      throw new Error(
        'The application has a WebSocket gateway of its own and no adapter for it. ' +
          'Call app.useWebSocketAdapter(…), or install @nestjs/platform-socket.io.',
      );
    }
    return this.inner;
  }

  private httpServerOfApplication(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }
}

/** @returns the largest message that ws reads. Above, it closes with 1009. */
function maxPayload(frameBytes: number): number {
  return frameBytes === 0 ? 0 : Math.max(frameBytes, SAFE_FRAME_BYTES);
}

/** @returns whether the application has WebSocket gateways besides the module's. */
export function hasOtherGateways(modules: ModulesContainer): boolean {
  return [...modules.values()].some(({ providers }) =>
    [...providers.values()].some(
      ({ metatype }) => typeof metatype === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, metatype),
    ),
  );
}

/**
 * Loads the adapter of socket.io, which Nest uses for gateways if the application sets no adapter.
 *
 * @returns undefined if it is not installed.
 */
export async function loadDefaultAdapter(): Promise<DefaultAdapter | undefined> {
  try {
    const { IoAdapter } = await import('@nestjs/platform-socket.io');
    return (server) => new IoAdapter(server);
  } catch {
    return undefined;
  }
}

function isSamePath(one: string | undefined, other: string): boolean {
  const segments = (path: string): string => path.split('/').filter(Boolean).join('/');
  return one !== undefined && segments(one) === segments(other);
}

function destroy(this: Duplex): void {
  this.destroy();
}

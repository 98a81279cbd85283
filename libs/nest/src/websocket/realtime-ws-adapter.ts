import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SUBPROTOCOL } from '@statewire/protocol';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import { WebSocketServer } from 'ws';

import type { UpgradeContext } from './upgrade-context.js';
import { RealtimeError } from '../core/errors.js';
import { requireBoundedPongs } from '../delivery/ws-internals.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { DefaultAdapter } from './default-adapter.js';
import { OWN_GATEWAY } from './own-gateway.js';
import { RealtimeSocket } from './realtime-socket.js';
import { refuseUpgrade } from './reject-upgrade.js';
import type { UpgradeAuthorizer } from './upgrade-authorizer.js';
import { UpgradeRouter } from './upgrade-router.js';

/** Milliseconds a peer may take to answer the closing handshake. */
const CLOSE_TIMEOUT = 5_000;

interface GatewayOptions {
  readonly path?: string;
  readonly [OWN_GATEWAY]?: true;
}

type Transform = (data: unknown) => Observable<unknown>;

/**
 * Serves the module's own gateway, and leaves every other gateway to the adapter the application would have had
 * without us: the one it set with `useWebSocketAdapter`, or Nest's default.
 */
export class RealtimeWsAdapter extends WsAdapter {
  private router: UpgradeRouter | undefined;
  private ownServer: WebSocketServer | undefined;
  private inner: WebSocketAdapter | undefined;
  /** Paths the inner adapter serves. */
  private readonly innerPaths = new Set<string>();

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    private readonly door: UpgradeAuthorizer,
    private readonly host: HttpAdapterHost,
    private readonly log: RealtimeLog,
    private readonly defaultAdapter: DefaultAdapter | undefined,
  ) {
    super();
  }

  /** Becomes the application's adapter, so that nothing has to be written in `main.ts`. */
  install(config: ApplicationConfig): void {
    const given = config.getIoAdapter() ?? undefined;
    if (given instanceof RealtimeWsAdapter) {
      throw new Error('RealtimeModule is imported twice: import it once, it is global.');
    }
    this.inner = given;
    config.setIoAdapter(this);
    // The application may set its own later; it then serves its gateways through us.
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
    if (isSamePath(options.path, this.options.path)) throw this.rivalry();
    const inner = this.innerAdapter();
    // Nest's WsAdapter ends every upgrade it does not know, those of the application's other servers too.
    if (!(inner instanceof WsAdapter) || port !== 0) return inner.create(port, options);
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
    // Nest gives gateways of one path one server without asking for another.
    if (this.ownServer.listenerCount('connection') > 0) throw this.rivalry();
    super.bindClientConnect(server, callback);
  }

  override bindClientDisconnect(client: never, callback: (...values: unknown[]) => void): void {
    // Our connections hear of the end of their sockets themselves.
    if ((client as object) instanceof RealtimeSocket) return;
    this.innerAdapter().bindClientDisconnect?.(client, callback);
  }

  override bindMessageHandlers(client: never, handlers: WsMessageHandler[], transform: Transform): void {
    // Ours take a shorter way than Nest's, which runs each message through RxJS.
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
      maxPayload: this.options.limits.frames.bytes,
      closeTimeout: CLOSE_TIMEOUT,
      handleProtocols: () => SUBPROTOCOL,
      WebSocket: RealtimeSocket,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    requireBoundedPongs(server);
    this.ownServer = server;
    this.upgrades();
    return server;
  }

  /** The HTTP server does not exist yet when this adapter is made. */
  private upgrades(): UpgradeRouter {
    this.router ??= new UpgradeRouter(this.httpServerOfApplication(), this.options.path, (request, socket, head) => {
      void this.accept(request, socket, head);
    });
    return this.router;
  }

  private async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Node takes its own listener away with the upgrade, and an error nobody listens to ends the process.
    socket.on('error', destroy);
    let entrance: UpgradeContext;
    try {
      entrance = await this.door.admit(request);
    } catch (thrown) {
      this.refuse(socket, thrown);
      return;
    }
    socket.off('error', destroy);
    if (!this.handOver(request, socket, head, entrance)) entrance.seat.leave();
  }

  /** @returns false where it was no handshake after all, which ws has answered, or where the peer is gone. */
  private handOver(request: IncomingMessage, socket: Duplex, head: Buffer, entrance: UpgradeContext): boolean {
    let taken = false;
    try {
      this.ownServer?.handleUpgrade(request, socket, head, (webSocket) => {
        this.ownServer?.emit('connection', webSocket, entrance);
        taken = true;
      });
    } catch (thrown) {
      // Somebody else has taken the socket, against the rules of `upgrade`.
      this.log.error('upgrade-failed', thrown);
      socket.destroy();
    }
    return taken;
  }

  private refuse(socket: Duplex, thrown: unknown): void {
    const expected = thrown instanceof RealtimeError;
    const error = expected ? thrown : new RealtimeError('internal', 'Something failed on the server.');
    if (expected) this.log.warn('upgrade-refused', { reason: error.code, message: error.message });
    else this.log.error('upgrade-failed', thrown);
    refuseUpgrade(socket, error);
  }

  private rivalry(): Error {
    const { path } = this.options;
    return new Error(`Another gateway uses the path "${path}" of RealtimeModule. Give one of them another path.`);
  }

  private innerAdapter(): WebSocketAdapter {
    this.inner ??= this.defaultAdapter?.(this.httpServerOfApplication());
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

function isSamePath(one: string | undefined, other: string): boolean {
  const segments = (path: string): string => path.split('/').filter(Boolean).join('/');
  return one !== undefined && segments(one) === segments(other);
}

function destroy(this: Duplex): void {
  this.destroy();
}

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

import { refuseUnknownPath } from './reject-upgrade.js';

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

type AnyListener = (...values: unknown[]) => void;
type AnyEmit = (event: string | symbol, ...values: unknown[]) => boolean;

/**
 * Shares the upgrades of one HTTP server by path: ours go to us and to nobody else, all others to whoever listened
 * before or listens later.
 *
 * Listening alone is not enough. Node tells every listener of every upgrade, and many end what they do not know: ws'
 * own `WebSocketServer({ server, path })` answers 400, Nest's `WsAdapter` destroys the socket.
 */
export class UpgradeRouter {
  private readonly emit: AnyEmit;
  /** Listeners that see only some paths, and which. */
  private readonly confined = new Map<AnyListener, (path: string) => boolean>();
  // Without any listener Node would take an upgrade for a plain request.
  private readonly last: UpgradeListener = (request, socket) => this.endIfAbandoned(request, socket);

  constructor(
    private readonly server: Server,
    private readonly path: string,
    accept: UpgradeListener,
  ) {
    const emit = server.emit.bind(server) as AnyEmit;
    this.emit = emit;
    server.emit = (event: string | symbol, ...values: unknown[]): boolean => {
      const [request, socket, head] = values as Parameters<UpgradeListener>;
      if (event !== 'upgrade' || pathOf(request) !== this.path) return emit(event, ...values);
      accept(request, socket, head);
      return true;
    };
    server.on('upgrade', this.last);
  }

  /**
   * Runs `listen`, and lets the upgrade listeners it adds see only paths for which `serves` answers true.
   */
  confine<T>(serves: (path: string) => boolean, listen: () => T): T {
    const before = new Set(this.server.rawListeners('upgrade'));
    const result = listen();
    for (const listener of this.server.rawListeners('upgrade') as AnyListener[]) {
      if (!before.has(listener)) this.confineListener(listener, serves);
    }
    return result;
  }

  dispose(): void {
    this.server.emit = this.emit;
    this.server.off('upgrade', this.last);
  }

  private confineListener(listener: AnyListener, serves: (path: string) => boolean): void {
    const confined = (...values: unknown[]): void => {
      if (serves(pathOf(values[0] as IncomingMessage))) listener(...values);
    };
    // What Node looks for when `listener` is removed; `once` does the same.
    const removable = Object.assign(confined, { listener });
    this.server.off('upgrade', listener);
    this.server.on('upgrade', removable);
    this.confined.set(removable, serves);
  }

  private endIfAbandoned(request: IncomingMessage, socket: Duplex): void {
    const path = pathOf(request);
    const abandoned = (this.server.rawListeners('upgrade') as AnyListener[]).every(
      (listener) => listener === this.last || this.confined.get(listener)?.(path) === false,
    );
    if (abandoned) refuseUnknownPath(socket);
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

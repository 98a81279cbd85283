import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { ERROR_CODES } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

type AnyListener = (...values: unknown[]) => void;
type AnyEmit = (event: string | symbol, ...values: unknown[]) => boolean;

/** Milliseconds in which a client may read the reason of its rejection. */
const REJECTION_TIMEOUT_MS = 5_000;

/** Answers an upgrade with the HTTP status of the error and its JSON. Ends the socket whatever the client does. */
export function rejectUpgrade(socket: Duplex, error: RealtimeError): void {
  const { retryAfter } = error.options;
  const headers = retryAfter === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfter / 1_000)}`];
  respond(socket, ERROR_CODES[error.code].status, JSON.stringify(error.toFrame()), headers);
}

/**
 * Divides the upgrades of one HTTP server by path. Upgrades of the module's path go to `accept` alone; all others go to
 * the listeners of the server, whenever they were added.
 *
 * A listener of its own would not be enough. Node calls every listener for every upgrade, and many listeners end
 * upgrades of other paths: `WebSocketServer({ server, path })` of ws answers 400, and Nest's `WsAdapter` destroys the
 * socket.
 */
export class UpgradeRouter {
  private readonly emit: AnyEmit;
  /** Listeners that see only some paths, with the test for their paths. */
  private readonly confined = new Map<AnyListener, (path: string) => boolean>();
  // Without a listener Node would treat an upgrade as a plain request.
  private readonly fallback: UpgradeListener = (request, socket) => this.rejectUnknownPath(request, socket);

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
    server.on('upgrade', this.fallback);
  }

  /** Runs `listen`. The upgrade listeners that it adds see only paths for which `serves` returns true. */
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
    this.server.off('upgrade', this.fallback);
  }

  private confineListener(listener: AnyListener, serves: (path: string) => boolean): void {
    const confined = (...values: unknown[]): void => {
      if (serves(pathOf(values[0] as IncomingMessage))) listener(...values);
    };
    // Node finds the wrapper by this property when `listener` is removed, as for `once`.
    const removable = Object.assign(confined, { listener });
    this.server.off('upgrade', listener);
    this.server.on('upgrade', removable);
    this.confined.set(removable, serves);
  }

  private rejectUnknownPath(request: IncomingMessage, socket: Duplex): void {
    const path = pathOf(request);
    const isUnknown = (this.server.rawListeners('upgrade') as AnyListener[]).every(
      (listener) => listener === this.fallback || this.confined.get(listener)?.(path) === false,
    );
    if (isUnknown) respond(socket, 404, JSON.stringify({ message: 'There is no WebSocket at this path.' }), []);
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function respond(socket: Duplex, status: number, body: string, headers: readonly string[]): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...headers,
  ];
  const end = (): void => {
    socket.destroy();
  };
  if (socket instanceof Socket) socket.setTimeout(REJECTION_TIMEOUT_MS, end);
  socket.once('finish', end);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

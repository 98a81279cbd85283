import type { WebSocketLike } from '@statewire/client';

import { HttpWire, type HttpRequest } from './http-wire.js';
import type { HttpAnswer, ServerNode } from './server-node.js';
import { SocketWire, type WireWatcher } from './socket-wire.js';

export interface NetworkWatcher extends WireWatcher {
  opened(wire: SocketWire): void;
  asking(wire: HttpWire): void;
  answering(wire: HttpWire, answer: HttpAnswer): void;
}

/** The network between client and server. Only the steps of a history move messages. */
export class Network {
  private ownSockets: SocketWire[] = [];
  private requests: HttpWire[] = [];
  private opened = 0;

  constructor(
    private readonly server: ServerNode,
    private readonly watcher: NetworkWatcher,
  ) {}

  /** Sockets that at least one end holds. */
  get sockets(): readonly SocketWire[] {
    return (this.ownSockets = this.ownSockets.filter((wire) => !wire.isOver));
  }

  /** The client's newest socket, if it holds one. */
  get current(): SocketWire | undefined {
    const newest = this.sockets.at(-1);
    return newest?.isOpen ? newest : undefined;
  }

  /** Sockets that the client has closed, but the server has not. */
  get former(): readonly SocketWire[] {
    return this.sockets.filter((wire) => !wire.isOpen);
  }

  get polls(): readonly HttpWire[] {
    return this.live.filter((wire) => !wire.isAction);
  }

  get actions(): readonly HttpWire[] {
    return this.live.filter((wire) => wire.isAction);
  }

  readonly openWebSocket = (): WebSocketLike => {
    this.opened += 1;
    const wire = new SocketWire(this.opened, (socket) => this.server.accept(socket), this.watcher);
    this.ownSockets.push(wire);
    this.watcher.opened(wire);
    return wire.client;
  };

  readonly fetch: typeof globalThis.fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const headers = (init?.headers ?? {}) as Record<string, string>;
      const request: HttpRequest = {
        path: new URL(input as string).pathname,
        body: (init?.body ?? '') as string,
        token: headers.Authorization?.replace(/^Bearer /, ''),
      };
      const wire: HttpWire = new HttpWire(
        request,
        ({ path, body, token }, gone) => this.server.answer(path, body, token, gone),
        resolve,
        reject,
        (answer) => this.watcher.answering(wire, answer),
      );
      init?.signal?.addEventListener('abort', () => wire.abort());
      this.requests.push(wire);
      this.watcher.asking(wire);
      // The explorer does not cover the switches.
      if (request.path.endsWith('/config')) void this.answerAtOnce(wire);
    });

  private get live(): readonly HttpWire[] {
    this.requests = this.requests.filter(({ state }) => state !== 'over');
    return this.requests.filter(({ request }) => !request.path.endsWith('/config'));
  }

  private async answerAtOnce(wire: HttpWire): Promise<void> {
    wire.state = 'serving';
    const { path, body, token } = wire.request;
    wire.answer = await this.server.answer(path, body, token, new AbortController().signal);
    wire.deliver();
  }
}

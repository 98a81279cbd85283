import { request as httpRequest, type IncomingMessage } from 'node:http';

import type { ClientEnvironment, WebSocketLike } from '@statewire/client';
import type { ForeignAnswer, NetworkPath, VirtualProcess } from '@statewire/testing';
import { WebSocket } from 'ws';

import type { PeerAddress, SimulatedSocket } from './simulated-socket.js';

/** Opens a connection to the server, or to a proxy that answers instead of it. */
export type Dial = (
  path: NetworkPath,
  process: VirtualProcess,
  peer: PeerAddress,
  proxy?: ProxyAnswer,
) => SimulatedSocket;

/** The answer of a proxy that does not pass a connection on. */
export type ProxyAnswer = ForeignAnswer | { readonly silence: true };

/** Upper bound of the time between an answer and a late copy of its request. */
const MAX_LATENESS_MS = 5_000;

/** Time that a client waits for the answer to its closing handshake. */
const CLOSE_TIMEOUT_MS = 30_000;

export interface ClientNetworkParts {
  readonly path: NetworkPath;
  readonly process: VirtualProcess;
  readonly peer: PeerAddress;
  readonly dial: Dial;
  /** Headers of each request and upgrade. */
  readonly headers: Readonly<Record<string, string>>;
  readonly random: () => number;
}

/** The `WebSocket` and the `fetch` of one simulated client: `ws` and `http` over its network path. */
export class ClientNetwork implements Pick<ClientEnvironment, 'openWebSocket' | 'fetch'> {
  constructor(private readonly parts: ClientNetworkParts) {}

  /** Number of WebSockets that the client has opened or tried to open. */
  upgradeCount = 0;

  readonly openWebSocket = (url: string, protocol: string): WebSocketLike => {
    this.upgradeCount += 1;
    const { path, process, headers } = this.parts;
    const { upgradeMode } = path;
    const proxy: ProxyAnswer | undefined =
      upgradeMode === 'pass' ? undefined : upgradeMode === 'hang' ? { silence: true } : { status: 403 };
    const socket = new WebSocket(url, [protocol], {
      perMessageDeflate: false,
      headers: { ...headers },
      createConnection: () => this.dial(proxy),
      generateMask: (mask: Buffer) => void mask.writeUInt32LE(Math.floor(this.parts.random() * 2 ** 32)),
    });
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      close(code, reason);
      if (socket.readyState === WebSocket.CLOSED) return;
      const timer = process.setTimer(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => timer.cancel());
    };
    const send = socket.send.bind(socket) as (text: string) => void;
    socket.send = ((text: string) => {
      path.record(`> ${text}`);
      send(text);
    }) as WebSocket['send'];
    socket.on('message', (data: Buffer) => path.record(`< ${data.toString()}`));
    // An error without a listener ends the process, and clients may remove `onerror`.
    socket.on('error', () => undefined);
    return socket;
  };

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { path, random } = this.parts;
    const mode = path.httpMode;
    const outgoing = new RepeatableRequest(input, init, this.parts.headers);
    if (mode === 'unreachable') throw new TypeError('fetch failed');
    if (mode === 'hang') return outgoing.send(() => this.dial({ silence: true }));
    if (mode === 'bad-gateway') return outgoing.send(() => this.dial({ status: 502 }));
    if (typeof mode === 'object') return outgoing.send(() => this.dial(mode));
    const send = () => outgoing.send(() => this.dial());
    if (path.takeDuplicate()) {
      const first = send();
      // A proxy retries without waiting for the first answer, right after it, or when the client has it.
      const order = random();
      if (order < 0.25) return first.finally(() => this.sendLate(send));
      if (order < 0.5) await first.catch(() => undefined);
      const [, second] = await Promise.allSettled([first, send()]);
      if (second.status === 'rejected') throw second.reason;
      return second.value;
    }
    const response = await send();
    return mode === 'answer-lost' ? new Response('<html>502 Bad Gateway</html>', { status: 502 }) : response;
  };

  private sendLate(send: () => Promise<Response>): void {
    const { path, random } = this.parts;
    path.environment.setTimer(() => void send().catch(() => undefined), random() * MAX_LATENESS_MS);
  }

  private dial(proxy?: ProxyAnswer): SimulatedSocket {
    const { path, process, peer, dial } = this.parts;
    return dial(path, process, peer, proxy);
  }
}

type Fetch = Parameters<typeof globalThis.fetch>;

const NULL_BODY_STATUSES = [101, 204, 205, 304];

/** A request of `fetch` that can be sent more than once. */
class RepeatableRequest {
  private readonly url: URL;

  constructor(
    input: Fetch[0],
    private readonly init: RequestInit = {},
    private readonly headers: Readonly<Record<string, string>>,
  ) {
    this.url = new URL(typeof input === 'object' && 'url' in input ? input.url : input);
  }

  send(createConnection: () => SimulatedSocket): Promise<Response> {
    const { method = 'GET', body, signal, headers } = this.init;
    const given: Record<string, string> = {};
    new Headers(headers).forEach((value, name) => (given[name] = value));
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(new DOMException('This operation was aborted', 'AbortError'));
      const fail = (): void => reject(new TypeError('fetch failed'));
      const request = httpRequest(
        this.url,
        { method, headers: { ...this.headers, ...given }, createConnection: createConnection },
        (response) => void read(response).then(resolve, fail),
      );
      request.on('error', fail);
      signal?.addEventListener('abort', () => {
        reject(new DOMException('This operation was aborted', 'AbortError'));
        request.destroy();
      });
      request.end(body ?? undefined);
    });
  }
}

async function read(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index]!, incoming.rawHeaders[index + 1]!);
  }
  return new Response(NULL_BODY_STATUSES.includes(status) ? null : Buffer.concat(chunks), { status, headers });
}

import type { ServerFrame } from '@statewire/protocol';
import { WebSocket, type ClientOptions } from 'ws';

type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>;

/** A WebSocket client that sends the given frames and queues received ones. */
export class TestSocket {
  private readonly frames: ServerFrame[] = [];
  private readonly waiting = new Set<() => void>();
  private end: { readonly code: number; readonly reason: string } | undefined;

  private constructor(readonly webSocket: WebSocket) {
    webSocket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as ServerFrame);
      this.wake();
    });
    webSocket.on('close', (code, reason) => {
      this.end = { code, reason: reason.toString() };
      this.wake();
    });
    webSocket.on('error', () => undefined);
  }

  /**
   * Resolves when the upgrade is accepted.
   *
   * @throws UpgradeRejectedError if the answer is another HTTP status.
   */
  static connect(url: string, options: ClientOptions & { readonly protocol?: string } = {}): Promise<TestSocket> {
    const { protocol = 'statewire.v1.json', ...rest } = options;
    const webSocket = new WebSocket(url, protocol === '' ? [] : [protocol], { perMessageDeflate: false, ...rest });
    const socket = new TestSocket(webSocket);
    return new Promise((resolve, reject) => {
      webSocket.once('open', () => resolve(socket));
      webSocket.once('error', reject);
      webSocket.once('unexpected-response', (request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          reject(new UpgradeRejectedError(response.statusCode ?? 0, response.headers, body));
          request.destroy();
        });
      });
    });
  }

  /** Sends a frame or any text. */
  send(frame: object | string): void {
    this.webSocket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Sends `hello` and resolves with `welcome`. */
  async hello(token?: string, clientId = 'test-client-0123456789abcdef'): Promise<FrameOf<'welcome'>> {
    this.send({ type: 'hello', clientId, ...(token === undefined ? {} : { token }) });
    return this.next('welcome');
  }

  /**
   * Removes and returns the first matching frame of these types. Other frames stay in the queue. Rejects if the socket
   * closes before.
   */
  async next<Type extends ServerFrame['type']>(
    types: Type | readonly Type[],
    fits: (frame: FrameOf<Type>) => boolean = () => true,
  ): Promise<FrameOf<Type>> {
    const wanted: readonly string[] = typeof types === 'string' ? [types] : types;
    for (;;) {
      const index = this.frames.findIndex((frame) => wanted.includes(frame.type) && fits(frame as FrameOf<Type>));
      if (index !== -1) return this.frames.splice(index, 1)[0] as FrameOf<Type>;
      if (this.end !== undefined) {
        const unread = this.frames.map((frame) => JSON.stringify(frame)).join(', ') || 'nothing';
        throw new Error(`Closed with ${this.end.code} before ${wanted.join(' or ')}; received ${unread}`);
      }
      await this.nextChange();
    }
  }

  /** Removes and returns the next frame of any type. */
  async any(): Promise<ServerFrame> {
    while (this.frames.length === 0) {
      if (this.end !== undefined) throw new Error(`Closed with ${this.end.code}`);
      await this.nextChange();
    }
    return this.frames.shift()!;
  }

  /** Received frames that no call has returned. */
  get unread(): readonly ServerFrame[] {
    return this.frames;
  }

  /** Resolves with the close code when the socket is closed. */
  async closed(): Promise<number> {
    while (this.end === undefined) await this.nextChange();
    return this.end.code;
  }

  /** Sends a ping and resolves at its pong. The server has read all earlier frames then. */
  async roundTrip(time = 1): Promise<void> {
    this.send({ type: 'ping', time });
    await this.next('pong', (pong) => pong.time === time);
  }

  async close(): Promise<void> {
    this.webSocket.close();
    await this.closed();
  }

  private nextChange(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** An upgrade that the server rejected with an HTTP status. */
export class UpgradeRejectedError extends Error {
  override readonly name = 'UpgradeRejectedError';

  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>,
    readonly body: string,
  ) {
    super(`The upgrade was rejected with ${status}: ${body}`);
  }
}

import { once } from 'node:events';

import type { ClientFrame, ServerFrame } from '@statewire/protocol';
import { WebSocket, type ClientOptions } from 'ws';

/** A socket that sends and receives raw frames, for tests of invalid clients. */
export class RawSocket {
  readonly frames: ServerFrame[] = [];
  /** Receives every later frame instead of `frames`. */
  onFrame: ((frame: ServerFrame) => void) | undefined;
  readonly #socket: WebSocket;
  readonly closed: Promise<number>;
  #wake: () => void = () => undefined;

  constructor(origin: string, options: ClientOptions = {}) {
    this.#socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, 'statewire.v1.json', options);
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      if (this.onFrame) return this.onFrame(frame);
      this.frames.push(frame);
      this.#wake();
    });
  }

  async open(): Promise<void> {
    await once(this.#socket, 'open');
  }

  /** Resolves with the status of a rejected upgrade. */
  async rejected(): Promise<number> {
    const [, response] = (await once(this.#socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    this.#socket.terminate();
    return response.statusCode;
  }

  send(...frames: readonly ClientFrame[]): void {
    for (const frame of frames) this.#socket.send(JSON.stringify(frame));
  }

  /** Resolves with the first matching frame, past or future. */
  async frame<Type extends ServerFrame['type']>(
    type: Type,
    fits: (frame: Extract<ServerFrame, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    for (;;) {
      const found = this.frames.find(
        (frame): frame is Extract<ServerFrame, { type: Type }> =>
          frame.type === type && fits(frame as Extract<ServerFrame, { type: Type }>),
      );
      if (found) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#socket.terminate();
  }
}

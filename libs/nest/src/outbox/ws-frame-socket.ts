import type { Batch } from './batch.js';
import type { FrameSocket } from './frame-socket.js';

/** What is used of a `ws` WebSocket. `_sender` and `_socket` are private to ws and looked at with care. */
export interface WsLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string, written: () => void): void;
  readonly _sender?: unknown;
  readonly _socket?: unknown;
}

/** A `ws` WebSocket that whole batches are written to at once. */
export class WsFrameSocket implements FrameSocket {
  /** @param direct what {@link provesDirectWrites} found at start. */
  constructor(
    private readonly webSocket: WsLike,
    private readonly direct: boolean,
  ) {}

  get bufferedAmount(): number {
    return this.webSocket.bufferedAmount;
  }

  write(_batch: Batch, _written: () => void): void {
    throw new Error('not built yet');
  }
}

/**
 * Whether ready-made messages can be given to the `Sender` of the installed ws, by trying it on a socket that only
 * records. Run once at start.
 *
 * @param Sender what `ws` exports under that name.
 */
export function provesDirectWrites(_Sender: unknown): boolean {
  throw new Error('not built yet');
}

import type { Batch } from './batch.js';
import { encodeText } from './frame-encoder.js';
import type { FrameSocket } from './frame-socket.js';

/** What is used of a `ws` WebSocket. */
export interface WsLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly extensions: string;
  send(text: string, written: () => void): void;
}

/** What is private to ws and to Node, and therefore looked at before it is used. */
interface WsInternals {
  readonly _sender?: { sendFrame?(buffers: readonly Buffer[], written: () => void): void };
  readonly _socket?: {
    readonly _writableState?: { readonly writelen?: number };
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  };
}

const OPEN = 1;

const ignore = (): void => undefined;

/** A `ws` WebSocket that whole batches are written to at once. */
export class WsFrameSocket implements FrameSocket {
  private readonly direct: boolean;

  /** @param direct what {@link provesDirectWrites} found at start. */
  constructor(
    private readonly webSocket: WsLike,
    direct: boolean,
  ) {
    // With an extension in force, ws has to see each message.
    this.direct =
      direct && webSocket.extensions === '' && typeof (webSocket as WsInternals)._sender?.sendFrame === 'function';
  }

  /** Counts what the operating system took of a write it has not finished, so that slow progress is seen as progress. */
  get bufferedAmount(): number {
    const { bufferedAmount } = this.webSocket;
    if (bufferedAmount === 0) return 0;
    const socket = (this.webSocket as WsInternals)._socket;
    const writing = socket?._writableState?.writelen;
    const left = socket?._handle?.writeQueueSize;
    if (writing === undefined || left === undefined || left > writing) return bufferedAmount;
    return bufferedAmount - writing + left;
  }

  write(batch: Batch, written: () => void): void {
    if (this.webSocket.readyState !== OPEN) return;
    const sender = (this.webSocket as WsInternals)._sender;
    if (this.direct && sender?.sendFrame !== undefined) {
      sender.sendFrame([batch.message], written);
      return;
    }
    const frames = batch.frames();
    frames.forEach((frame, index) => this.webSocket.send(frame.text, index === frames.length - 1 ? written : ignore));
  }
}

type SenderConstructor = new (socket: object) => {
  sendFrame(buffers: readonly Buffer[], written: () => void): void;
  send(text: string, options: object, written: () => void): void;
};

/** One text for each of the three ways to write a length (RFC 6455 §5.2), and more than one byte per character. */
const PROOFS = ['é', 'é'.repeat(100), 'é'.repeat(40_000)];

/**
 * Whether ready-made messages may be given to the `Sender` of the installed ws: tried on a socket that only records,
 * where they must come out as they went in and be what ws would have made of the same text. Run once at start.
 *
 * @param Sender what `ws` exports under that name.
 */
export function provesDirectWrites(Sender: unknown): boolean {
  try {
    return PROOFS.every((text) => {
      const writes: Buffer[] = [];
      const sender = new (Sender as SenderConstructor)({
        cork: ignore,
        uncork: ignore,
        write: (chunk: Buffer | string) => writes.push(Buffer.from(chunk)),
      });
      const { message } = encodeText(text);
      sender.sendFrame([message], ignore);
      const whole = writes.length === 1 && writes.pop()?.equals(message);
      sender.send(text, { fin: true, binary: false, mask: false, compress: false }, ignore);
      return whole === true && Buffer.concat(writes).equals(message);
    });
  } catch {
    return false;
  }
}

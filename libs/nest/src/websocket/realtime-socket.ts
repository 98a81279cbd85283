import * as ws from 'ws';

import { encodeText, type Batch } from '../delivery/frame-encoder.js';
import type { FrameSocket } from '../delivery/outbox.js';
import type { ConnectionSocket } from './connection-context.js';
import type { Connection } from './connection.js';

/** A WebSocket that knows its connection, so that all sockets share the same listeners. */
export class RealtimeSocket extends ws.WebSocket implements ConnectionSocket {
  private connection!: Connection;
  private writer: WsFrameSocket | undefined;

  /** Made on first use, when the socket is open and its extensions are known. */
  get frames(): WsFrameSocket {
    return (this.writer ??= new WsFrameSocket(this));
  }

  /** Passes messages and the end of the socket to the connection from now on. */
  attach(connection: Connection): void {
    this.connection = connection;
    this.on('message', onMessage).on('ping', onControl).on('pong', onControl).on('close', onClose).on('error', onError);
  }

  /** @internal */
  static connectionOf(socket: ws.WebSocket): Connection {
    return (socket as RealtimeSocket).connection;
  }
}

function onMessage(this: ws.WebSocket, data: unknown, binary: boolean): void {
  RealtimeSocket.connectionOf(this).receive(data as Buffer, binary);
}

function onControl(this: ws.WebSocket): void {
  RealtimeSocket.connectionOf(this).receiveControl();
}

function onClose(this: ws.WebSocket): void {
  RealtimeSocket.connectionOf(this).gone();
}

/** ws has already sent a close code (1002, 1007 or 1009), and `close` follows. */
function onError(this: ws.WebSocket, { code }: NodeJS.ErrnoException): void {
  if (code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return;
  RealtimeSocket.connectionOf(this).rejectTooLarge((this as WsInternals)._receiver?._totalPayloadLength);
}

/** The public members of a `ws` WebSocket that {@link WsFrameSocket} uses. */
export interface WsLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly extensions: string;
  send(text: string, written: () => void): void;
}

/** Private fields of ws and of Node. The code checks each field before use, because a release may remove it. */
interface WsInternals {
  readonly _receiver?: { readonly _totalPayloadLength?: number };
  readonly _sender?: { sendFrame?(buffers: readonly Buffer[], written?: () => void): void };
  readonly _socket?: {
    readonly _writableState?: { readonly writelen?: number };
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  };
}

type SenderConstructor = new (socket: object) => {
  sendFrame(buffers: readonly Buffer[], written: () => void): void;
  send(text: string, options: object, written: () => void): void;
};

const OPEN = 1;

/** Written behind other bytes to learn when the operating system has accepted them. */
const NO_BYTES: readonly Buffer[] = [Buffer.alloc(0)];

/** One text for each of the three encodings of a length (RFC 6455 §5.2), with more than one byte per character. */
const SELF_TEST_TEXTS = ['é', 'é'.repeat(100), 'é'.repeat(40_000)];

const ignore = (): void => undefined;

/**
 * Tests whether the `Sender` of ws writes ready-made messages unchanged. The test sends sample texts to a fake socket
 * and compares the bytes with those that ws creates from the same texts.
 *
 * @param Sender the class that `ws` exports under that name.
 */
export function supportsDirectWrites(Sender: unknown): boolean {
  try {
    return SELF_TEST_TEXTS.every((text) => {
      const writes: Buffer[] = [];
      const sender = new (Sender as SenderConstructor)({
        cork: ignore,
        uncork: ignore,
        write: (chunk: Buffer | string) => writes.push(Buffer.from(chunk)),
      });
      const { message } = encodeText(text);
      sender.sendFrame([message], ignore);
      const isUnchanged = writes.length === 1 && writes.pop()?.equals(message);
      sender.send(text, { fin: true, binary: false, mask: false, compress: false }, ignore);
      return isUnchanged === true && Buffer.concat(writes).equals(message);
    });
  } catch {
    return false;
  }
}

/** The result of the self-test for the installed ws. The types of ws omit its `Sender`. */
const DIRECT_WRITES = supportsDirectWrites((ws as { Sender?: unknown }).Sender);

/**
 * Throws if the installed ws is older than 8.23.0. Older releases answer every ping, even if the peer does not read the
 * answers, so one unauthenticated client can fill the memory of the process. The check looks for a feature, because a
 * bundled ws has no readable version.
 *
 * @throws Error if the installed ws is too old.
 */
export function requireBoundedPongs(server: Pick<ws.WebSocketServer, 'options'>): void {
  if ('maxPendingAutoPongs' in server.options) return;
  throw new Error(
    '@statewire/nest needs ws 8.23.0 or newer, because a client can flood older releases with pings. ' +
      'Run "npm ls ws" to find the package that overrides ws, and remove the override.',
  );
}

/** Writes whole batches to a `ws` WebSocket. Without direct writes it sends each frame with `ws.send`. */
export class WsFrameSocket implements FrameSocket {
  private readonly isDirect: boolean;

  /** @param directWrites result of {@link supportsDirectWrites}. Default: its result for the installed ws. */
  constructor(
    private readonly webSocket: WsLike,
    directWrites = DIRECT_WRITES,
  ) {
    // An extension has to see each message.
    this.isDirect =
      directWrites &&
      webSocket.extensions === '' &&
      typeof (webSocket as WsInternals)._sender?.sendFrame === 'function';
  }

  /** Bytes that are not sent yet. Subtracts the sent part of an unfinished write, so that slow progress is visible. */
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
    if (this.isDirect && sender?.sendFrame !== undefined) {
      // Node calls back in a later turn of its queue, and most writes are accepted at once.
      sender.sendFrame(batch.messages);
      if (this.webSocket.bufferedAmount > 0) sender.sendFrame(NO_BYTES, written);
      return;
    }
    const frames = batch.frames();
    frames.forEach((frame, index) => this.webSocket.send(frame.text, index === frames.length - 1 ? written : ignore));
  }
}

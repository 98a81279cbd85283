import type { WebSocketLike } from '@statewire/client';
import type { Batch, Connection, ConnectionSocket, FrameSocket } from '@statewire/nest/internal';

/** Observes frames in the order of the server, even if they are lost in transit. */
export interface WireWatcher {
  /** The server writes a frame. */
  sent(wire: SocketWire, text: string): void;
  /** The client sends a frame. */
  leaving(wire: SocketWire, text: string): void;
  /** The server is about to handle a frame. */
  arriving(wire: SocketWire, text: string): void;
  /** The client is about to handle a frame. */
  delivering(wire: SocketWire, text: string): void;
}

type Message = { readonly type: 'text'; readonly text: string } | { readonly type: 'close'; readonly code: number };

const LOST = 1006;

/**
 * One WebSocket whose messages wait in both directions until a step delivers the next. Only pings and pongs pass at once:
 * they show that the peer is alive and have no other effect.
 */
export class SocketWire {
  readonly up: Message[] = [];
  readonly down: Message[] = [];
  connection: Connection | undefined;
  /** The client has not noticed an end yet. */
  isOpen = true;
  /** Whether a frame was lost. The client notices it only with the next frame. */
  hasLost = false;
  private isGone = false;
  private isSilent = false;
  private isAccepted = false;
  private waitingBytes = 0;
  private readonly taken: (() => void)[] = [];

  constructor(
    readonly number: number,
    private readonly accept: (socket: ConnectionSocket) => Connection,
    private readonly watcher: WireWatcher,
  ) {}

  /** The client's end. */
  readonly client: WebSocketLike = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    readyState: 0,
    bufferedAmount: 0,
    send: (text) => this.sendUp(text),
    close: (code) => this.closeByClient(code),
  };

  /** The server's end. */
  private readonly server: ConnectionSocket = {
    frames: this.frameSocket(),
    close: (code) => void (this.isOpen && this.down.push({ type: 'close', code })),
    terminate: () => {
      if (this.isOpen) this.down.push({ type: 'close', code: LOST });
      this.leaveServer();
    },
    pause: () => undefined,
    resume: () => undefined,
  };

  /** Both ends have closed. */
  get isOver(): boolean {
    return !this.isOpen && (this.isGone || (!this.isAccepted && this.up.length === 0));
  }

  get canGoUp(): boolean {
    if (this.isSilent && this.isOpen) return false;
    return !this.isGone && (this.isAccepted ? this.up.length > 0 : this.isOpen);
  }

  get canGoDown(): boolean {
    return this.isOpen && !this.isSilent && this.down.length > 0;
  }

  /** Breaks the network. Messages to the client are lost. Messages to the server may still arrive. */
  cut(): void {
    this.endClient(LOST);
    if (this.isAccepted) this.up.push({ type: 'close', code: LOST });
    else this.isGone = true;
  }

  /** Loses everything in both directions. Neither end notices. */
  fallSilent(): void {
    this.isSilent = true;
    this.up.length = 0;
    this.down.length = 0;
    this.take(this.waitingBytes);
  }

  /** Drops the messages to the server of a broken connection, and the server notices the end. */
  lose(): void {
    this.up.length = 0;
    this.leaveServer();
  }

  deliverUp(): void {
    if (!this.isAccepted) return this.open();
    const message = this.up.shift();
    if (message === undefined) return;
    if (message.type === 'close') return this.leaveServer();
    this.watcher.arriving(this, message.text);
    this.connection?.receive(Buffer.from(message.text), false);
  }

  /** Whether the next message to the client is a publication. */
  get isLossy(): boolean {
    const [next] = this.down;
    return this.isOpen && next?.type === 'text' && /^{"type":"(patch|event)"/.test(next.text);
  }

  /** Loses only the next message to the client. No network does this, but a faulty server may. */
  loseDown(): void {
    const message = this.down.shift();
    if (message?.type === 'text') this.take(message.text.length);
    this.hasLost = true;
  }

  deliverDown(): void {
    const message = this.down.shift();
    if (message === undefined) return;
    if (message.type === 'close') {
      // The client answers the closing handshake, and the server sees its end.
      this.endClient(message.code);
      this.leaveServer();
      return;
    }
    this.take(message.text.length);
    this.watcher.delivering(this, message.text);
    this.client.onmessage?.({ data: message.text });
  }

  private open(): void {
    this.isAccepted = true;
    this.connection = this.accept(this.server);
    Object.assign(this.client, { readyState: 1 });
    this.client.onopen?.({});
  }

  private frameSocket(): FrameSocket {
    const bytes = (): number => this.waitingBytes;
    return {
      get bufferedAmount() {
        return bytes();
      },
      write: (batch, written) => this.write(batch, written),
    };
  }

  private write(batch: Batch, written: () => void): void {
    for (const { text } of batch.frames()) {
      this.watcher.sent(this, text);
      if (!this.isOpen || this.isSilent) continue;
      if (isHeartbeat(text)) {
        this.client.onmessage?.({ data: text });
      } else {
        this.down.push({ type: 'text', text });
        this.waitingBytes += text.length;
      }
    }
    this.taken.push(written);
    this.take(0);
  }

  /** The client accepted this number of bytes. Written bytes count as accepted when no message waits. */
  private take(bytes: number): void {
    this.waitingBytes -= bytes;
    if (this.waitingBytes === 0) for (const written of this.taken.splice(0)) written();
  }

  private sendUp(text: string): void {
    if (this.client.readyState !== 1) throw new Error('A socket that is not open cannot send.');
    if (this.isSilent) return;
    if (isHeartbeat(text)) return this.connection?.receive(Buffer.from(text), false);
    this.watcher.leaving(this, text);
    this.up.push({ type: 'text', text });
  }

  private closeByClient(code = 1000): void {
    if (!this.isOpen) return;
    this.letGo();
    if (this.isAccepted) this.up.push({ type: 'close', code });
    else this.isGone = true;
  }

  private endClient(code: number): void {
    const { onclose, onerror } = this.client;
    this.letGo();
    if (code === LOST) onerror?.({});
    onclose?.({ code, reason: '' });
  }

  private letGo(): void {
    this.isOpen = false;
    Object.assign(this.client, { readyState: 3 });
    this.down.length = 0;
    this.take(this.waitingBytes);
  }

  private leaveServer(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.up.length = 0;
    this.connection?.gone();
  }
}

function isHeartbeat(text: string): boolean {
  return text.startsWith('{"type":"ping"') || text.startsWith('{"type":"pong"');
}

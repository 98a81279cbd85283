import { Duplex } from 'node:stream';

import type { ConnectionEnd, Link, SimulatedConnection, Side, VirtualProcess } from '@statewire/testing';

/** Bytes that the buffers between the ends hold before a writer has to wait. */
const WINDOW_BYTES = 64 * 1024;

/** Address of the client as the server sees it. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

interface SocketParts {
  readonly connection: SimulatedConnection;
  readonly side: Side;
  readonly environment: Pick<VirtualProcess, 'setTimer'>;
  readonly peer: PeerAddress;
}

/** One end of a simulated TCP connection: the part of a `net.Socket` that `http` and `ws` use. */
export class SimulatedSocket extends Duplex implements ConnectionEnd {
  readonly connecting = false;
  readonly remoteFamily = 'IPv4';
  readonly remoteAddress: string;
  readonly remotePort: number;

  private readonly out: Link;
  private readonly in: Link;
  private other!: SimulatedSocket;
  private isHeld = false;
  private isLost = false;
  private written: (() => void) | undefined;
  private head: { text: string; readonly timer: ReturnType<VirtualProcess['setTimer']> } | undefined;
  private idle: { readonly after: number; timer: ReturnType<VirtualProcess['setTimer']> } | undefined;

  private constructor(private readonly parts: SocketParts) {
    super({ allowHalfOpen: parts.side === 'server' });
    const { connection, side, peer } = parts;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.out = connection.from(side);
    this.in = connection.from(side === 'client' ? 'server' : 'client');
    this.out.onDelivered = () => this.resumeWriting();
    connection.attach(side, this);
    this.on('error', ignore);
  }

  /** Creates both ends of a connection. */
  static pair(
    connection: SimulatedConnection,
    environments: Record<Side, Pick<VirtualProcess, 'setTimer'>>,
    address: PeerAddress,
  ): Record<Side, SimulatedSocket> {
    const server = new SimulatedSocket({ connection, side: 'server', environment: environments.server, peer: address });
    const peer = { address: '192.0.2.1', port: 80 };
    const client = new SimulatedSocket({ connection, side: 'client', environment: environments.client, peer });
    server.other = client;
    client.other = server;
    return { client, server };
  }

  /** Calls `arrived` when everything that was sent before has arrived at the other end. */
  signal(arrived: () => void): void {
    this.out.send({ size: 0, deliver: arrived });
  }

  /** Gives the socket to a server. An error without a listener is thrown from here on. */
  handOver(): void {
    this.off('error', ignore);
  }

  /** Ends the connection unless the head of a request arrives within `ms`. Node does so by real time. 0: no limit. */
  awaitHead(ms: number): void {
    if (ms > 0) this.head = { text: '', timer: this.parts.environment.setTimer(() => this.destroy(), ms) };
  }

  /** The network resets the connection. */
  reset(): void {
    this.isLost = true;
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' }));
  }

  /** The process ends: its kernel resets the connection, and no listener runs any more. */
  crash(): void {
    this.removeAllListeners();
    this.on('error', ignore);
    this.signal(() => this.other.reset());
    this.isLost = true;
    this.destroy();
  }

  override _read(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.in.release();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: () => void): void {
    this.transmit(chunk, written);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], written: () => void): void {
    this.transmit(Buffer.concat(chunks.map(({ chunk }) => chunk)), written);
  }

  override _final(done: () => void): void {
    this.signal(() => this.other.arrive(null));
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.setTimeout(0);
    this.head?.timer.cancel();
    if (!this.isLost) this.signal(() => this.other.arrive(null));
    this.parts.connection.detach(this.parts.side);
    this.written = undefined;
    done(error);
  }

  setTimeout(after: number, listener?: () => void): this {
    this.idle?.timer.cancel();
    this.idle = undefined;
    if (after > 0) {
      this.watch(after);
      if (listener !== undefined) this.once('timeout', listener);
    } else if (listener !== undefined) {
      this.off('timeout', listener);
    }
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  private transmit(chunk: Buffer, written: () => void): void {
    this.touch();
    this.out.send({ size: chunk.length, deliver: (from, to) => this.other.arrive(chunk.subarray(from, to)) });
    if (this.out.buffered <= WINDOW_BYTES) written();
    else this.written = written;
  }

  /** Receives bytes of the other end; null is its end. */
  private arrive(chunk: Buffer | null): void {
    if (this.destroyed) {
      // A kernel answers bytes for a closed socket with a reset.
      if (chunk !== null && !this.other.destroyed) this.other.reset();
      return;
    }
    this.touch();
    if (chunk !== null) this.readHead(chunk);
    if (this.readableEnded || this.push(chunk) || chunk === null || this.isHeld) return;
    this.isHeld = true;
    this.in.hold();
  }

  private readHead(chunk: Buffer): void {
    if (this.head === undefined) return;
    this.head.text += chunk.toString('latin1');
    if (!this.head.text.includes('\r\n\r\n')) return;
    this.head.timer.cancel();
    this.head = undefined;
  }

  private resumeWriting(): void {
    const { written } = this;
    if (written === undefined || this.out.buffered > WINDOW_BYTES) return;
    this.touch();
    this.written = undefined;
    written();
  }

  private touch(): void {
    if (this.idle === undefined) return;
    this.idle.timer.cancel();
    this.watch(this.idle.after);
  }

  private watch(after: number): void {
    this.idle = { after, timer: this.parts.environment.setTimer(() => this.emit('timeout'), after) };
  }
}

function ignore(): void {}

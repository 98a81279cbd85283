import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawFrame {
  readonly fin?: boolean;
  /** Bits RSV1–RSV3, RSV1 the highest. */
  readonly reserved?: number;
  /** Default: text. */
  readonly opcode?: number;
  readonly masked?: boolean;
  readonly payload?: Buffer | string;
  /** Length in the header. Default: that of the payload. */
  readonly announced?: number;
}

/** Encodes a WebSocket frame (RFC 6455 §5.2), valid or not. The mask is zero. */
export function rawFrame({
  fin = true,
  reserved = 0,
  opcode = 1,
  masked = true,
  payload = '',
  announced,
}: RawFrame): Buffer {
  const body = Buffer.from(payload);
  const length = announced ?? body.length;
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  return Buffer.concat([
    Buffer.from([first]),
    lengthOf(length, mask),
    masked ? Buffer.alloc(4) : Buffer.alloc(0),
    body,
  ]);
}

/** A text frame as a client sends it. */
export function rawText(frame: object): Buffer {
  return rawFrame({ payload: JSON.stringify(frame) });
}

/** The lines of a valid handshake. */
export function handshake(port: number, path = '/ws'): string[] {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
}

/** The head of an HTTP request. */
export function head(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A TCP connection for arbitrary bytes. It records the answer. */
export class RawWire {
  private received = Buffer.alloc(0);
  private waiting: (() => void)[] = [];
  private over = false;
  /** When the connection was opened, and when it was closed: milliseconds of `performance.now()`. */
  readonly openedAt = performance.now();
  private closedAt: number | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    // No more data arrives on a half-closed connection.
    socket.on('end', () => this.wake());
    socket.on('close', () => {
      this.over = true;
      this.closedAt = performance.now();
      this.wake();
    });
  }

  static async open(port: number): Promise<RawWire> {
    const wire = new RawWire(connect({ port, host: '127.0.0.1', noDelay: true }));
    await once(wire.socket, 'connect');
    return wire;
  }

  /** A WebSocket whose upgrade was accepted. */
  static async upgraded(port: number, headers: readonly string[] = []): Promise<RawWire> {
    const wire = await RawWire.open(port);
    wire.write(head([...handshake(port), ...headers]));
    const answer = await wire.until((text) => text.includes('\r\n\r\n'));
    if (!answer.startsWith('HTTP/1.1 101 ')) throw new Error(`The upgrade was rejected: ${answer}`);
    return wire;
  }

  /** A WebSocket that has received `welcome`. */
  static async welcomed(port: number, token?: string): Promise<RawWire> {
    const wire = await RawWire.upgraded(port);
    wire.write(rawText({ type: 'hello', clientId: 'raw-client-0123456789abcdef', ...(token ? { token } : {}) }));
    await wire.until((text) => text.includes('"welcome"'));
    return wire;
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Everything that arrived, a character for each byte. */
  get text(): string {
    return this.received.toString('latin1');
  }

  /** Whether the connection is closed. */
  get closed(): boolean {
    return this.over;
  }

  /** Resolves with the received bytes when they match, and rejects if the connection closes before. */
  async until(fits: (text: string) => boolean): Promise<string> {
    while (!fits(this.text)) {
      if (this.over) throw new Error(`Closed before it arrived; heard ${JSON.stringify(this.text.slice(-500))}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.text;
  }

  /** Resolves with the milliseconds that the connection was open. */
  async end(): Promise<number> {
    while (this.closedAt === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.closedAt - this.openedAt;
  }

  /** Resolves with everything that arrived until the server ended the connection. */
  async rest(): Promise<string> {
    await this.end();
    return this.text;
  }

  /** Resolves with the code of the close frame and answers it. */
  async closeCode(): Promise<number> {
    await this.until(() => this.frames().some(({ opcode }) => opcode === 8));
    const { payload } = this.frames().find(({ opcode }) => opcode === 8)!;
    this.write(rawFrame({ opcode: 8, payload }));
    return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
  }

  /** The frames of WebSocket that arrived after the 101. */
  frames(): { readonly opcode: number; readonly payload: Buffer }[] {
    const frames: { readonly opcode: number; readonly payload: Buffer }[] = [];
    const answered = this.received.indexOf('\r\n\r\n');
    if (answered < 0) return frames;
    let rest = this.received.subarray(answered + 4);
    for (;;) {
      if (rest.length < 2) return frames;
      const short = rest[1]! & 0x7f;
      const [size, start] =
        short < 126
          ? [short, 2]
          : short === 126
            ? [rest.length < 4 ? Infinity : rest.readUInt16BE(2), 4]
            : [rest.length < 10 ? Infinity : Number(rest.readBigUInt64BE(2)), 10];
      if (rest.length < start + size) return frames;
      frames.push({ opcode: rest[0]! & 0x0f, payload: rest.subarray(start, start + size) });
      rest = rest.subarray(start + size);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** Sends one request and resolves with the whole answer when the server ends the connection. */
export async function exchangeRaw(port: number, request: Buffer | string): Promise<string> {
  const wire = await RawWire.open(port);
  wire.write(request);
  return wire.rest();
}

function lengthOf(length: number, mask: number): Buffer {
  if (length < 126) return Buffer.from([mask | length]);
  if (length < 65_536) return Buffer.from([mask | 126, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(9);
  bytes[0] = mask | 127;
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

/** Messages up to this size are read, because heartbeats are small. Larger ones are only counted. */
const SMALL = 64;

export interface FrameListener {
  /** Called for each message. `text` is there if the reader reads it. */
  onMessage(length: number, text: string | undefined): void;
  /** Whether to read the text of a message. */
  reads(length: number): boolean;
}

/** Splits a stream into unmasked WebSocket frames, at the cost of a few comparisons for each. */
export class FrameReader {
  /** The start of a frame whose head is not complete. */
  private rest: Buffer | undefined;
  /** Bytes of the current payload that have not arrived. */
  private missing = 0;
  private length = 0;
  private parts: Buffer[] | undefined;

  constructor(private readonly listener: FrameListener) {}

  /** Reads a chunk. The memory may be used again afterwards. */
  read(arrived: Buffer): void {
    const chunk = this.rest ? Buffer.concat([this.rest, arrived]) : arrived;
    this.rest = undefined;
    let at = 0;
    while (at < chunk.length) {
      if (this.missing === 0) {
        const start = headLength(chunk, at);
        if (at + start > chunk.length) break;
        this.length = this.missing = payloadLength(chunk, at);
        at += start;
        if (this.length <= SMALL || this.listener.reads(this.length)) this.parts = [];
        if (this.length === 0) this.finish();
        continue;
      }
      const end = Math.min(chunk.length, at + this.missing);
      this.parts?.push(Buffer.from(chunk.subarray(at, end)));
      this.missing -= end - at;
      at = end;
      if (this.missing === 0) this.finish();
    }
    if (at < chunk.length) this.rest = Buffer.from(chunk.subarray(at));
  }

  private finish(): void {
    const text = this.parts && Buffer.concat(this.parts).toString();
    this.parts = undefined;
    this.listener.onMessage(this.length, text);
  }
}

/** Bytes of the head of the frame at `at`, as far as its first bytes tell. */
function headLength(chunk: Buffer, at: number): number {
  if (at + 1 >= chunk.length) return 2;
  const code = chunk[at + 1]! & 0x7f;
  return code === 126 ? 4 : code === 127 ? 10 : 2;
}

function payloadLength(chunk: Buffer, at: number): number {
  const code = chunk[at + 1]! & 0x7f;
  if (code === 126) return chunk.readUInt16BE(at + 2);
  return code === 127 ? Number(chunk.readBigUInt64BE(at + 2)) : code;
}

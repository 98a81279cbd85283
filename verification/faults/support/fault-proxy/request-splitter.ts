export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly bytes: Buffer;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Finds the start and the end of each request on a connection (RFC 9112 §6, bodies with `Content-Length` only). */
export class RequestSplitter {
  #pending = Buffer.alloc(0);

  /** The requests that are complete now. */
  push(chunk: Buffer): RawRequest[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const found: RawRequest[] = [];
    for (let request = this.#next(); request !== undefined; request = this.#next()) found.push(request);
    return found;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** The bytes of an incomplete request. */
  rest(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }

  #next(): RawRequest | undefined {
    const end = this.#pending.indexOf(END_OF_HEAD);
    if (end === -1) return undefined;
    const head = this.#pending.toString('latin1', 0, end);
    const [method = '', path = ''] = head.split(' ', 2);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const size = end + END_OF_HEAD.length + length;
    if (this.#pending.length < size) return undefined;
    const bytes = this.#pending.subarray(0, size);
    this.#pending = this.#pending.subarray(size);
    return { method, path, bytes };
  }
}

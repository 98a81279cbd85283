import { head, RawWire } from './raw-wire.js';

export interface LateClient {
  readonly name: string;
  /** The bytes before it stops sending or sends `repeated`. */
  readonly first: string;
  /** Bytes that it sends repeatedly. */
  readonly repeated?: string;
}

const POLL = ['POST /realtime/poll HTTP/1.1', 'Host: a', 'Content-Type: application/json'];

/** Clients that open a connection and do not finish the head of a request. */
export const LATE_HEADS: readonly LateClient[] = [
  { name: 'says nothing', first: '' },
  { name: 'stops in the middle of its head', first: 'GET /ws HTTP/1.1\r\nHost: a\r\n' },
  { name: 'sends its head letter by letter', first: 'GET /ws HTTP/1.1\r\nX: ', repeated: 'x' },
  { name: 'sends header after header', first: 'POST /realtime/poll HTTP/1.1\r\n', repeated: 'a: b\r\n' },
  { name: 'sends empty lines before its request', first: '\r\n', repeated: '\r\n' },
];

/** Clients that do not finish the body of a request. */
export const LATE_BODIES: readonly LateClient[] = [
  { name: 'promises a body and sends none', first: head([...POLL, 'Content-Length: 100']) },
  { name: 'sends its body letter by letter', first: head([...POLL, 'Content-Length: 9999']), repeated: ' ' },
  {
    name: 'sends its body in chunks of one letter',
    first: head([...POLL, 'Transfer-Encoding: chunked']),
    repeated: '1\r\n \r\n',
  },
];

/** Runs the client in real time until the server ends the connection. Resolves with the duration and the answer. */
export async function playLateHead(
  port: number,
  { first, repeated }: LateClient,
): Promise<{ readonly took: number; readonly told: string }> {
  const wire = await RawWire.open(port);
  wire.write(first);
  const more = repeated === undefined ? undefined : setInterval(() => wire.write(repeated), 100);
  const took = await wire.end();
  clearInterval(more);
  return { took, told: wire.text };
}

import { RawWire, head } from '../../src/testing/raw-wire.js';

export interface LateClient {
  readonly name: string;
  /** What it has sent when it falls silent, or begins to trickle. */
  readonly first: string;
  /** Sent letter by letter, one each time. */
  readonly trickle?: string;
  /** How the server's last words begin; empty for none. */
  readonly told: RegExp;
}

const POLL = ['POST /realtime/poll HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
const TOO_LATE = /^HTTP\/1\.1 408 /;

/** Clients that take a connection and do not get on with their request. */
export const LATE_HEADS: readonly LateClient[] = [
  { name: 'says nothing', first: '', told: TOO_LATE },
  { name: 'stops in the middle of its head', first: 'GET /ws HTTP/1.1\r\nHost: a\r\n', told: TOO_LATE },
  { name: 'sends its head letter by letter', first: 'GET /ws HTTP/1.1\r\nX: ', trickle: 'x', told: TOO_LATE },
  { name: 'sends header after header', first: 'POST /realtime/poll HTTP/1.1\r\n', trickle: 'a: b\r\n', told: TOO_LATE },
  { name: 'sends empty lines before its request', first: '\r\n', trickle: '\r\n', told: TOO_LATE },
];

export const LATE_BODIES: readonly LateClient[] = [
  { name: 'promises a body and sends none', first: head([...POLL, 'Content-Length: 100']), told: /^HTTP\/1\.1 400 / },
  {
    name: 'sends its body letter by letter',
    first: head([...POLL, 'Content-Length: 9999']),
    trickle: ' ',
    told: /^HTTP\/1\.1 400 /,
  },
  {
    name: 'sends its body in chunks of one letter',
    first: head([...POLL, 'Transfer-Encoding: chunked']),
    trickle: '1\r\n \r\n',
    told: /^HTTP\/1\.1 400 /,
  },
];

/** Plays the client until the server ends the connection, and resolves with how long that took and what it was told. */
export async function playLate(
  port: number,
  { first, trickle }: LateClient,
  pause: number,
): Promise<{ readonly took: number; readonly told: string }> {
  const wire = await RawWire.open(port);
  if (first !== '') wire.write(first);
  const more = trickle === undefined ? undefined : setInterval(() => wire.write(trickle), pause);
  const took = await wire.end();
  clearInterval(more);
  return { took, told: wire.text };
}

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import type { CallerContext } from './realtime-request.js';

/** The parts of an upgrade or an HTTP request that admission reads. The same for every HTTP framework. */
export interface IncomingRequest {
  readonly headers: IncomingHttpHeaders;
  /**
   * Every header with its repetitions, as Node's `rawHeaders`. Admission counts `Host`, `Origin` and `Authorization`.
   */
  readonly rawHeaders: readonly string[];
  /** Address of the peer of the socket. */
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
  /** Version of HTTP, for example `1.1`. */
  readonly httpVersion: string;
}

/** Picks the parts that admission reads from a request of Node. */
export function toIncomingRequest({ headers, rawHeaders, httpVersion, socket }: IncomingMessage): IncomingRequest {
  const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
  return { headers, rawHeaders, remoteAddress: socket.remoteAddress, encrypted, httpVersion };
}

/** A request with an allowed origin. */
export interface ReceivedRequest {
  readonly headers: CallerContext['headers'];
  /** Empty where cookies do not count (no allowed `Origin` and no `Sec-Fetch-Site: same-origin`). */
  readonly cookies: Readonly<Record<string, string>>;
  /** Address of the client: of the socket, or as trusted proxies report it. */
  readonly ip: string;
  /**
   * Key of the limits per address: the IPv4 address, or the /64 of an IPv6 address. Undefined if it names no client.
   */
  readonly network: string | undefined;
  /** The allowed origin in lower case, for CORS headers. */
  readonly origin: string | undefined;
  /** Token from `Authorization: Bearer`. */
  readonly bearer: string | undefined;
  /** Token from the configured cookie, if cookies count. */
  readonly cookieToken: string | undefined;
}

import type { IncomingHttpHeaders } from 'node:http';

import type { CallerContext } from './realtime-request.js';

/** What admission reads of an upgrade or of an HTTP request, whatever framework brought it. */
export interface IncomingRequest {
  readonly headers: IncomingHttpHeaders;
  /** Every header with its repetitions, as Node's `rawHeaders`: a second `Origin` is refused. */
  readonly rawHeaders: readonly string[];
  /** Address of the peer of the socket. */
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
}

/** A request whose origin may talk to us. */
export interface ReceivedRequest {
  readonly headers: CallerContext['headers'];
  /** Empty where cookies do not count (no allowed `Origin` and no `Sec-Fetch-Site: same-origin`). */
  readonly cookies: Readonly<Record<string, string>>;
  /** The client's address: of the socket, or what trusted proxies say. */
  readonly ip: string;
  /** What limits by address count: the IPv4 address, or the /64 of an IPv6 one. Undefined where it means no client. */
  readonly network: string | undefined;
  /** Allowed, lower-case origin for CORS answers. */
  readonly origin: string | undefined;
  /** From `Authorization: Bearer`. */
  readonly bearer: string | undefined;
  /** From the configured cookie, where cookies count. */
  readonly cookieToken: string | undefined;
}

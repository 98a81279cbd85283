import { RealtimeError } from '../core/errors.js';
import type { IncomingRequest } from '../core/incoming-request.js';

/**
 * Rejects a request that the server and a proxy in front of it may understand in two ways: two `Host` or two
 * `Authorization` headers, or no host at all. HTTP/2 may name the host in `:authority`. Only a plain request of
 * HTTP/1.0 may leave it out.
 *
 * @throws RealtimeError `bad_request`
 */
export function rejectAmbiguousHeaders(request: IncomingRequest): void {
  const { headers, httpVersion } = request;
  const hosts = countHeader(request, 'host');
  if (hosts > 1) throw new RealtimeError('bad_request', 'The request has more than one Host header. Send one.');
  const mayOmitHost = httpVersion === '1.0' && headers.upgrade === undefined;
  if (hosts === 0 && countHeader(request, ':authority') === 0 && !mayOmitHost) {
    throw new RealtimeError('bad_request', 'The request has no Host header. Send one.');
  }
  if (countHeader(request, 'authorization') > 1) {
    throw new RealtimeError('bad_request', 'The request has more than one Authorization header. Send one.');
  }
}

/**
 * Counts the occurrences of a header. Node joins or drops repetitions in `headers`, and a proxy may read another one.
 */
export function countHeader({ rawHeaders }: Pick<IncomingRequest, 'rawHeaders'>, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

/** @returns the value of a header; the first one if there are several. */
export function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** @returns the values of a header to which proxies append, in their order. */
export function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

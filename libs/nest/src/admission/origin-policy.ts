import { RealtimeError } from '../core/errors.js';
import type { IncomingRequest } from '../core/incoming-request.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { TrustedProxies } from './client-address.js';
import { countHeader, listOf, textOf } from './headers.js';

type OriginOptions = Pick<ResolvedRealtimeOptions, 'allowedOrigins' | 'allowAnyOrigin'>;

/** Longest origin or host in a message. Clients choose both. */
const MAX_QUOTED = 120;

/**
 * Decides which web pages may use this server. Browsers send `Origin` in one canonical spelling. Another spelling does
 * not come from a browser, so the policy rejects it.
 */
export class OriginPolicy {
  private readonly allowed: ReadonlySet<string> | undefined;

  constructor(
    private readonly options: OriginOptions,
    private readonly proxies: TrustedProxies,
  ) {
    this.allowed = options.allowedOrigins && new Set(options.allowedOrigins);
  }

  /** @throws RealtimeError `forbidden` with the origin, the host that it was compared with, and the option to set. */
  check(origin: string, request: IncomingRequest): void {
    if (countHeader(request, 'origin') > 1) {
      throw new RealtimeError('forbidden', 'The request has more than one Origin header. Send one.');
    }
    if (this.options.allowAnyOrigin || this.allowed?.has(origin)) return;
    if (this.allowed) {
      throw new RealtimeError(
        'forbidden',
        `The origin ${quote(origin)} is not in allowedOrigins of the server. Add it.`,
      );
    }
    const url = parse(origin);
    if (!url || !this.isOwn(url, request)) throw this.rejectionOf(origin, request);
  }

  /** Whether the page comes from this server. The scheme is compared only if this server ends TLS itself. */
  private isOwn(url: URL, request: IncomingRequest): boolean {
    if (request.encrypted && url.protocol !== 'https:') return false;
    const host = this.hostOf(request);
    // Parsed with the scheme of the page, so that `:443` equals no port.
    return host !== undefined && parse(`${url.protocol}//${host.toLowerCase()}`, false)?.host === url.host;
  }

  /** `X-Forwarded-Host` counts only if a trusted proxy sends it. HTTP/2 names the host in `:authority`. */
  private hostOf({ headers, remoteAddress }: IncomingRequest): string | undefined {
    const forwarded = listOf(headers['x-forwarded-host']).at(-1);
    const isTrusted = remoteAddress !== undefined && this.proxies.has(remoteAddress);
    return isTrusted && forwarded !== undefined ? forwarded : textOf(headers[':authority'] ?? headers.host);
  }

  private rejectionOf(origin: string, request: IncomingRequest): RealtimeError {
    const host = quote(this.hostOf(request) ?? '');
    const isForwarded = request.headers['x-forwarded-host'] !== undefined && this.proxies.none;
    const reason = request.encrypted
      ? `the server has https and the host ${host}`
      : `the host of the request is ${host}`;
    const remedy = isForwarded
      ? 'Name the proxy in trustedProxies of the server, or the origin in allowedOrigins'
      : 'Add the origin to allowedOrigins of the server, or let the proxy pass the Host header on unchanged';
    return new RealtimeError('forbidden', `The origin ${quote(origin)} is not allowed, because ${reason}. ${remedy}.`);
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED));
}

function parse(text: string, canonical = true): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (canonical && url.origin !== text) return undefined;
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' ? url : undefined;
}

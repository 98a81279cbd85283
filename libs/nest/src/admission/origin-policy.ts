import type { IncomingRequest } from '../core/incoming-request.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { TrustedProxies } from './client-address.js';
import { countHeader, listOf, textOf } from './headers.js';

type OriginOptions = Pick<ResolvedRealtimeOptions, 'allowedOrigins' | 'allowAnyOrigin'>;

/**
 * Decides which web pages may use this server. Browsers send `Origin` in one canonical spelling. Another spelling does not
 * come from a browser, so the policy rejects it.
 */
export class OriginPolicy {
  private readonly allowed: ReadonlySet<string> | undefined;

  constructor(
    private readonly options: OriginOptions,
    private readonly proxies: TrustedProxies,
  ) {
    this.allowed = options.allowedOrigins && new Set(options.allowedOrigins);
  }

  allows(origin: string, request: IncomingRequest): boolean {
    if (countHeader(request, 'origin') > 1) return false;
    if (this.options.allowAnyOrigin) return true;
    const url = parse(origin);
    if (!url) return false;
    return this.allowed ? this.allowed.has(origin) : this.isOwn(url, request);
  }

  /** Whether the page comes from this server. The scheme is compared only if this server ends TLS itself. */
  private isOwn(url: URL, request: IncomingRequest): boolean {
    if (request.encrypted && url.protocol !== 'https:') return false;
    const host = this.hostOf(request);
    // Parsed with the scheme of the page, so that `:443` equals no port.
    return host !== undefined && parse(`${url.protocol}//${host.toLowerCase()}`, false)?.host === url.host;
  }

  /** `X-Forwarded-Host` counts only if a trusted proxy sends it. */
  private hostOf({ headers, remoteAddress }: IncomingRequest): string | undefined {
    const forwarded = listOf(headers['x-forwarded-host']).at(-1);
    const isTrusted = remoteAddress !== undefined && this.proxies.has(remoteAddress);
    return isTrusted && forwarded !== undefined ? forwarded : textOf(headers.host);
  }
}

function parse(text: string, canonical = true): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (canonical && url.origin !== text) return undefined;
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' ? url : undefined;
}

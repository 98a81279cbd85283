import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { IncomingRequest } from '../core/incoming-request.js';
import { countHeader, listOf, textOf } from '../core/headers.js';
import type { TrustedProxies } from './trusted-proxies.js';

type OriginOptions = Pick<ResolvedRealtimeOptions, 'allowedOrigins' | 'allowAnyOrigin'>;

/**
 * Which pages may talk to this server. Browsers send `Origin` in its one canonical spelling, so that anything spelled
 * otherwise is no browser and is refused.
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
    if (countHeader(request, 'origin') > 1 || countHeader(request, 'host') > 1) return false;
    if (this.options.allowAnyOrigin) return true;
    const url = parse(origin);
    if (!url) return false;
    return this.allowed ? this.allowed.has(origin) : this.isOwn(url, request);
  }

  /** The page comes from this very server. Behind a proxy the scheme is not known; with TLS here it is. */
  private isOwn(url: URL, request: IncomingRequest): boolean {
    if (request.encrypted && url.protocol !== 'https:') return false;
    const host = this.hostOf(request);
    // Its own scheme, so that `:443` and nothing mean the same.
    return host !== undefined && parse(`${url.protocol}//${host.toLowerCase()}`, false)?.host === url.host;
  }

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

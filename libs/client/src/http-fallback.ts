import { createHttpParts } from './connection/http-parts.js';
import type { HttpFallbackCode } from './core/environment.js';

/**
 * The code of the HTTP fallback. With it a page has everything from the start, and loads nothing later.
 *
 * @example createRealtimeClient({ environment: { loadHttpFallback: () => httpFallback } })
 */
export const httpFallback: HttpFallbackCode = { createHttpParts };

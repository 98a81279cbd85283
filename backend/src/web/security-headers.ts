import type { NextFunction, Request, Response } from 'express';

/** What a `Host` header may look like before it is repeated in a header of ours. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i;

/**
 * Headers that keep the page to itself. The WebSocket is named by host beside `'self'`, which older Safari does not
 * take to mean `ws:`. Angular puts the styles of components into the page, hence `'unsafe-inline'` for styles only.
 */
export function securityHeaders({ headers: { host } }: Request, response: Response, next: NextFunction): void {
  const sockets = host !== undefined && HOST.test(host) ? ` ws://${host} wss://${host}` : '';
  response.set({
    'Content-Security-Policy': [
      "default-src 'self'",
      `connect-src 'self'${sockets}`,
      "img-src 'self' data:",
      "style-src 'self' 'unsafe-inline'",
      "object-src 'none'",
      "base-uri 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  });
  next();
}

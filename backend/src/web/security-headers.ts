import type { IncomingMessage, ServerResponse } from 'node:http';

import helmet from 'helmet';

/** A `Host` header that may be repeated in a header of the response. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i;

/** Middleware that sets the security headers of all responses. */
export const securityHeaders = [
  permissionsPolicy,
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        connectSrc: ["'self'", webSocketOrigins],
        imgSrc: ["'self'", 'data:'],
        // Angular puts the styles of components into the page.
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    // The proxy that terminates TLS decides about it.
    strictTransportSecurity: false,
  }),
];

/** `helmet` does not support this header. */
function permissionsPolicy(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
  next();
}

/** Names the WebSocket by host, because `'self'` does not include `ws:` in older Safari versions. */
function webSocketOrigins({ headers: { host } }: IncomingMessage): string {
  return host !== undefined && HOST.test(host) ? `ws://${host} wss://${host}` : '';
}

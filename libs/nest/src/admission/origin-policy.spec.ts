import { describe, expect, test } from '@jest/globals';

import type { IncomingRequest } from '../core/incoming-request.js';
import { OriginPolicy } from './origin-policy.js';
import { TrustedProxies } from './client-address.js';

interface Asked {
  readonly origin: string;
  readonly host?: string;
  /** The host of a request over HTTP/2. */
  readonly authority?: string;
  readonly forwardedHost?: string;
  readonly remoteAddress?: string;
  readonly encrypted?: boolean;
  /** Trusted proxies. */
  readonly proxies?: readonly string[];
  readonly options?: Partial<ConstructorParameters<typeof OriginPolicy>[0]>;
}

/** @returns the message of the rejection; undefined if the origin is allowed. */
function rejectionOf(asked: Asked): string | undefined {
  const { origin, authority, host = 'play.example', forwardedHost, remoteAddress = '192.0.2.1' } = asked;
  const options = { allowedOrigins: undefined, allowAnyOrigin: false, ...asked.options };
  const request: IncomingRequest = {
    headers: {
      origin,
      ...(authority === undefined ? { host } : { ':authority': authority }),
      ...(forwardedHost === undefined ? {} : { 'x-forwarded-host': forwardedHost }),
    },
    rawHeaders: ['Host', host, 'Origin', origin],
    remoteAddress,
    encrypted: asked.encrypted ?? false,
    httpVersion: authority === undefined ? '1.1' : '2.0',
  };
  const policy = new OriginPolicy(options, new TrustedProxies(asked.proxies ?? ['10.0.0.0/8']));
  try {
    policy.check(origin, request);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'forbidden' });
    return (error as Error).message;
  }
}

function allows(asked: Asked): boolean {
  return rejectionOf(asked) === undefined;
}

describe('A1: without allowedOrigins an origin is allowed if it', () => {
  test.each<[string, Asked]>([
    ['has the host of the request', { origin: 'https://play.example' }],
    ['has the scheme http on a server without TLS', { origin: 'http://play.example' }],
    ['has the port of the request', { origin: 'http://play.example:3000', host: 'play.example:3000' }],
    ['has the default port of its scheme', { origin: 'https://play.example', host: 'play.example:443' }],
    ['has the host in another letter case', { origin: 'https://play.example', host: 'Play.Example' }],
    [
      'has the ASCII form of an international host',
      { origin: 'https://xn--bcher-kva.example', host: 'xn--bcher-kva.example' },
    ],
    ['has the authority of a request over HTTP/2', { origin: 'https://play.example', authority: 'play.example' }],
    ['has an IPv6 host', { origin: 'http://[::1]:3000', host: '[::1]:3000' }],
    [
      'has the host forwarded by a trusted proxy',
      {
        origin: 'https://play.example',
        host: 'backend:3000',
        forwardedHost: 'play.example',
        remoteAddress: '::ffff:10.1.2.3',
      },
    ],
    [
      'has the host forwarded by the nearest of several proxies',
      {
        origin: 'https://play.example',
        host: 'b',
        forwardedHost: 'evil.example, play.example',
        remoteAddress: '10.1.2.3',
      },
    ],
  ])('%s', (_, asked) => {
    expect(allows(asked)).toBe(true);
  });
});

describe('A1: without allowedOrigins an origin is rejected if it', () => {
  test.each<[string, Asked]>([
    ['is null', { origin: 'null' }],
    ['is empty', { origin: '' }],
    ['has another host', { origin: 'https://evil.example' }],
    ['begins with the host', { origin: 'https://play.example.evil.example' }],
    ['ends with the host', { origin: 'https://evilplay.example' }],
    ['is a subdomain', { origin: 'https://a.play.example' }],
    ['has another authority over HTTP/2', { origin: 'https://evil.example', authority: 'play.example' }],
    ['has another port', { origin: 'https://play.example:8443' }],
    ['has a trailing dot', { origin: 'https://play.example.' }],
    ['has capital letters', { origin: 'https://Play.Example' }],
    ['has a scheme in capital letters', { origin: 'HTTPS://play.example' }],
    ['has a path', { origin: 'https://play.example/' }],
    ['has credentials', { origin: 'https://play.example@evil.example' }],
    ['has another scheme', { origin: 'ftp://play.example' }],
    ['has the scheme of an extension', { origin: 'chrome-extension://play.example' }],
    ['has the scheme http on a server with TLS', { origin: 'http://play.example', encrypted: true }],
    ['is a list', { origin: 'https://play.example, https://evil.example' }],
    ['has an explicit default port', { origin: 'https://play.example:443', host: 'play.example:443' }],
    ['has letters of another script that look like the host', { origin: 'https://xn--ply-5cd.example' }],
    ['is not in ASCII', { origin: 'https://bücher.example', host: 'xn--bcher-kva.example' }],
    ['comes with an empty Host', { origin: 'https://play.example', host: '' }],
    ['comes with a URL as Host', { origin: 'https://play.example', host: 'evil.example/play.example' }],
    ['comes with credentials in Host', { origin: 'https://play.example', host: 'a@play.example' }],
    [
      'has the host forwarded by an untrusted sender',
      { origin: 'https://evil.example', forwardedHost: 'evil.example' },
    ],
    [
      'has the host of the backend when a trusted proxy forwards another host',
      { origin: 'https://backend', host: 'backend', forwardedHost: 'play.example', remoteAddress: '10.1.2.3' },
    ],
  ])('%s', (_, asked) => {
    expect(allows(asked)).toBe(false);
  });
});

describe('A1: allowedOrigins', () => {
  const options = { allowedOrigins: ['https://app.example'] };

  test('match letter by letter and exclude all other origins', () => {
    expect(allows({ origin: 'https://app.example', options })).toBe(true);
    for (const origin of [
      'https://APP.example',
      'http://app.example',
      'https://app.example:443',
      'https://play.example',
      'null',
    ]) {
      expect(allows({ origin, options })).toBe(false);
    }
  });

  test.each(['capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'null'])(
    'allow %s as named',
    (origin) => {
      expect(allows({ origin, options: { allowedOrigins: [origin] } })).toBe(true);
      expect(allows({ origin: `${origin}.evil.example`, options: { allowedOrigins: [origin] } })).toBe(false);
      expect(allows({ origin, options })).toBe(false);
    },
  );

  test('are optional with allowAnyOrigin', () => {
    for (const origin of ['https://evil.example', 'null']) {
      expect(allows({ origin, options: { allowAnyOrigin: true } })).toBe(true);
    }
  });
});

describe('A1: a rejection names the origin, the host and the remedy', () => {
  test.each<[string, Asked, string]>([
    [
      'a proxy that changes the Host header',
      { origin: 'http://localhost:4200', host: 'localhost:3000' },
      'The origin "http://localhost:4200" is not allowed, because the host of the request is "localhost:3000". ' +
        'Add the origin to allowedOrigins of the server, or let the proxy pass the Host header on unchanged.',
    ],
    [
      'a proxy that the server does not trust',
      { origin: 'https://play.example', host: 'backend', forwardedHost: 'play.example', proxies: [] },
      'The origin "https://play.example" is not allowed, because the host of the request is "backend". ' +
        'Name the proxy in trustedProxies of the server, or the origin in allowedOrigins.',
    ],
    [
      'a page without TLS',
      { origin: 'http://play.example', encrypted: true },
      'The origin "http://play.example" is not allowed, because the server has https and the host "play.example". ' +
        'Add the origin to allowedOrigins of the server, or let the proxy pass the Host header on unchanged.',
    ],
    [
      'an origin that is not listed',
      { origin: 'https://play.example', options: { allowedOrigins: ['https://app.example'] } },
      'The origin "https://play.example" is not in allowedOrigins of the server. Add it.',
    ],
  ])('for %s', (_, asked, message) => {
    expect(rejectionOf(asked)).toBe(message);
  });

  test('in a bounded length', () => {
    const message = rejectionOf({ origin: `https://${'x'.repeat(5_000)}`, host: 'h'.repeat(5_000) });
    expect(message?.length).toBeLessThan(500);
  });
});

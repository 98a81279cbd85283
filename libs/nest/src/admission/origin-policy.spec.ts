import { describe, expect, test } from '@jest/globals';

import type { IncomingRequest } from '../core/incoming-request.js';
import { OriginPolicy } from './origin-policy.js';
import { TrustedProxies } from './client-address.js';

interface Asked {
  readonly origin: string;
  readonly host?: string;
  readonly forwardedHost?: string;
  readonly remoteAddress?: string;
  readonly encrypted?: boolean;
  readonly options?: Partial<ConstructorParameters<typeof OriginPolicy>[0]>;
}

function allows(asked: Asked): boolean {
  const { origin, host = 'play.example', forwardedHost, remoteAddress = '192.0.2.1', encrypted = false } = asked;
  const options = { allowedOrigins: undefined, allowAnyOrigin: false, ...asked.options };
  const request: IncomingRequest = {
    headers: { origin, host, ...(forwardedHost === undefined ? {} : { 'x-forwarded-host': forwardedHost }) },
    rawHeaders: ['Host', host, 'Origin', origin],
    remoteAddress,
    encrypted,
    httpVersion: '1.1',
  };
  return new OriginPolicy(options, new TrustedProxies(['10.0.0.0/8'])).allows(origin, request);
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

  test('are optional with allowAnyOrigin', () => {
    for (const origin of ['https://evil.example', 'null']) {
      expect(allows({ origin, options: { allowAnyOrigin: true } })).toBe(true);
    }
  });
});

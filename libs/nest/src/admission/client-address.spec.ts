import { describe, expect, test } from '@jest/globals';

import { addressOf, TrustedProxies } from './client-address.js';

const PROXIES = ['loopback', '10.0.0.0/8', '2001:db8::/32', '192.0.2.7'];

function address(
  remoteAddress: string | undefined,
  forwarded?: string | string[],
  proxies: readonly string[] = PROXIES,
) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded as string };
  return addressOf({ headers, remoteAddress }, new TrustedProxies(proxies));
}

describe('A16: the address of a client', () => {
  test.each<[string, string, string | string[] | undefined, string]>([
    ['of a direct connection is the address of its socket', '198.51.100.1', undefined, '198.51.100.1'],
    ['on a dual-stack socket is an IPv4 address', '::ffff:198.51.100.1', undefined, '198.51.100.1'],
    [
      'on a dual-stack socket is an IPv4 address, even if written in hexadecimal',
      '::ffff:c633:6401',
      undefined,
      '198.51.100.1',
    ],
    ['loses its zone', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['behind a trusted proxy is the forwarded address', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [
      'behind a trusted proxy with an IPv4-mapped address is the forwarded address',
      '::ffff:127.0.0.1',
      '198.51.100.1',
      '198.51.100.1',
    ],
    [
      'behind several trusted proxies is the address that the outermost proxy forwards',
      '10.0.0.1',
      '198.51.100.1, 192.0.2.7, 2001:db8::5',
      '198.51.100.1',
    ],
    ['is not an address that the client put into the header', '10.0.0.1', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
    [
      'is not a trusted address that the client put into the header',
      '10.0.0.1',
      '10.9.9.9, 198.51.100.1',
      '198.51.100.1',
    ],
    ['behind an untrusted proxy is the address of the proxy', '203.0.113.1', '198.51.100.1', '203.0.113.1'],
    ['loses its port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['loses its port if it is IPv6', '10.0.0.1', '[2001:4860::1]:4711', '2001:4860::1'],
    ['is the proxy when the header has an invalid entry', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['comes from the last of several headers', '10.0.0.1', ['1.2.3.4', '198.51.100.1'], '198.51.100.1'],
  ])('%s', (_, remote, forwarded, ip) => {
    expect(address(remote, forwarded).ip).toBe(ip);
  });

  test('identifies one network when it belongs to the client', () => {
    expect(address('198.51.100.1').network).toBe('198.51.100.1');
    expect(address('10.0.0.1', '198.51.100.1').network).toBe('198.51.100.1');
    expect(address('203.0.113.1', 'spoofed', []).network).toBe('203.0.113.1');
    expect(address('127.0.0.1', undefined, []).network).toBe('127.0.0.1');
  });

  test('identifies no network when it belongs to a proxy', () => {
    expect(address('10.0.0.1').network).toBeUndefined();
    expect(address('172.17.0.1', '198.51.100.1', []).network).toBeUndefined();
    expect(address(undefined).network).toBeUndefined();
  });

  test.each([
    ['2001:4860:1:2:3:4:5:6', '2001:4860:1:2::/64'],
    ['2001:4860:1:2:ffff::', '2001:4860:1:2::/64'],
    ['2001:4860::1', '2001:4860:0:0::/64'],
    ['2001:4860:0001:0000::1', '2001:4860:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b:0:1:2:3:198.51.100.1', '64:ff9b:0:1::/64'],
    ['64:ff9b::198.51.100.1', '64:ff9b:0:0::/64'],
  ])('%s counts in the network %s', (ip, network) => {
    expect(address(ip, undefined, [])).toMatchObject({ ip, network });
  });

  test('reports a forwarded request if no proxy is trusted', () => {
    expect(address('203.0.113.1', '198.51.100.1', []).isForwardedByUnknownProxy).toBe(true);
    expect(address('203.0.113.1', '198.51.100.1').isForwardedByUnknownProxy).toBe(false);
    expect(address('203.0.113.1', undefined, []).isForwardedByUnknownProxy).toBe(false);
  });
});

import { BlockList, isIP } from 'node:net';

import type { IncomingRequest } from '../core/incoming-request.js';
import { listOf } from '../core/headers.js';
import { networkOf } from './network.js';
import { normalizeAddress } from './normalize-address.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** Where a request comes from. */
export interface ClientAddress {
  readonly ip: string;
  /** What limits by address count; undefined where `ip` stands for no client in particular. */
  readonly network: string | undefined;
  /** Whether somebody forwarded the request who is not known to be a proxy. */
  readonly isForwardedByStranger: boolean;
}

// RFC 1918, RFC 4193, RFC 3927, RFC 4291 and loopback: where a proxy of one's own is, and no client of the internet.
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/**
 * Walks `X-Forwarded-For` from its right end, where the nearest proxy wrote, for as long as who wrote is trusted. What a
 * client put there itself is left of that and is never reached.
 *
 * Where no proxy is named nothing it says is believed. An address of a private network that sends it is most likely a
 * proxy that nobody named, and stands for everybody behind it; any other address is its own.
 */
export function addressOf(
  { headers, remoteAddress }: Pick<IncomingRequest, 'headers' | 'remoteAddress'>,
  proxies: TrustedProxies,
): ClientAddress {
  const forwarded = listOf(headers['x-forwarded-for']);
  const peer = normalizeAddress(remoteAddress ?? '');
  let ip = peer;
  while (proxies.has(ip)) {
    const next = normalizeAddress(withoutPort(forwarded.at(-1) ?? ''));
    if (isIP(next) === 0) break;
    ip = next;
    forwarded.length -= 1;
  }
  const isForwardedByStranger = proxies.none && forwarded.length > 0;
  const isMeaningful = isIP(ip) !== 0 && !proxies.has(ip) && !(isForwardedByStranger && isPrivate(peer));
  return { ip, network: isMeaningful ? networkOf(ip) : undefined, isForwardedByStranger };
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1]!;
  return entry.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

function isPrivate(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && PRIVATE.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

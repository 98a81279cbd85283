import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

import type { IncomingRequest } from '../core/incoming-request.js';
import { listOf } from './headers.js';

/** The address of the client of a request. */
export interface ClientAddress {
  readonly ip: string;
  /** The key of limits by address: see {@link networkOf}. Undefined if `ip` is not the address of one client. */
  readonly network: string | undefined;
  /** Whether `X-Forwarded-For` was ignored because the options name no proxy. */
  readonly isForwardedByUnknownProxy: boolean;
}

type IPv6 = InstanceType<typeof ipaddr.IPv6>;

interface Block {
  readonly address: IPv6;
  readonly bits: number;
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** Bits in front of an IPv4 address that is written as an IPv6 address. */
const MAPPED_BITS = 96;
const ALL_BITS = 128;

/** Ranges of `ipaddr.js` that hold an operator's own proxies and no client from the internet. */
const PRIVATE_RANGES = ['private', 'loopback', 'linkLocal', 'uniqueLocal'];

const NETWORK_GROUPS = 4;

/** The proxies whose forwarding headers the server believes. */
export class TrustedProxies {
  /** Whether the options name no proxy. */
  readonly none: boolean;
  private readonly blocks: readonly Block[];

  /** @param proxies addresses, CIDR blocks or `'loopback'`. `resolveOptions` has checked them. */
  constructor(proxies: readonly string[]) {
    this.none = proxies.length === 0;
    this.blocks = proxies.flatMap((proxy) => (proxy === 'loopback' ? LOOPBACK : proxy)).map(toBlock);
  }

  has(peer: string): boolean {
    if (isIP(peer) === 0) return false;
    const address = toIPv6(peer);
    return this.blocks.some((block) => address.match(block.address, block.bits));
  }
}

/**
 * Finds the client of a request: the last address of `X-Forwarded-For`, from right to left, that a trusted proxy wrote.
 * Entries further left may come from the client itself and are ignored.
 *
 * Without named proxies the header is ignored. If a private address sends the header, it is most likely a proxy that
 * the options do not name. Its address then stands for many clients, and limits by address do not apply.
 */
export function addressOf(
  { headers, remoteAddress }: Pick<IncomingRequest, 'headers' | 'remoteAddress'>,
  proxies: TrustedProxies,
): ClientAddress {
  const peer = normalizeAddress(remoteAddress ?? '');
  const forwarded = listOf(headers['x-forwarded-for']).map((entry) => normalizeAddress(withoutPort(entry)));
  const ip = clientOf(peer, forwarded, proxies);
  const isForwardedByUnknownProxy = proxies.none && forwarded.length > 0;
  const isOneClient = isIP(ip) !== 0 && !proxies.has(ip) && !(isForwardedByUnknownProxy && isPrivate(peer));
  return { ip, network: isOneClient ? networkOf(ip) : undefined, isForwardedByUnknownProxy };
}

function clientOf(peer: string, forwarded: readonly string[], proxies: TrustedProxies): string {
  // A proxy may write `unknown`. What stands left of it was not written by a proxy that is known to be trusted.
  const unknown = forwarded.findLastIndex((entry) => isIP(entry) === 0);
  const request: unknown = {
    headers: { 'x-forwarded-for': forwarded.slice(unknown + 1).join(',') },
    socket: { remoteAddress: peer },
  };
  return proxyAddr(request as IncomingMessage, (address) => proxies.has(address));
}

/** Removes the port that some proxies add: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1]!;
  return entry.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

/** Writes one address in one way: a dual-stack socket shows IPv4 as `::ffff:192.0.2.1`, a link-local one has a zone. */
function normalizeAddress(address: string): string {
  if (isIP(address) === 0) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : address.toLowerCase().replace(/%.*$/, '');
}

/**
 * The key of limits by address: an IPv4 address, or the /64 of an IPv6 address. A site gets at least a /64 (RFC 6177),
 * and each of its clients can use any address in it.
 */
function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const groups = ipaddr.IPv6.parse(ip).parts.slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

function isPrivate(address: string): boolean {
  return isIP(address) !== 0 && PRIVATE_RANGES.includes(ipaddr.process(address).range());
}

function toBlock(proxy: string): Block {
  const [address = '', bits] = proxy.split('/');
  if (bits === undefined) return { address: toIPv6(address), bits: ALL_BITS };
  return { address: toIPv6(address), bits: Number(bits) + (isIP(address) === 4 ? MAPPED_BITS : 0) };
}

/** Compares both families in one way: IPv4 as mapped IPv6 (RFC 4291 §2.5.5.2). */
function toIPv6(address: string): IPv6 {
  const parsed = ipaddr.parse(address);
  return 'toIPv4MappedAddress' in parsed ? parsed.toIPv4MappedAddress() : parsed;
}

import { BlockList, isIP } from 'node:net';

import { normalizeAddress } from './normalize-address.js';

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** The proxies whose forwarding headers are believed. */
export class TrustedProxies {
  private readonly list = new BlockList();
  /** Whether none were named. */
  readonly none: boolean;

  /** @param proxies addresses, CIDR blocks or `'loopback'`; checked with the options. */
  constructor(proxies: readonly string[]) {
    this.none = proxies.length === 0;
    for (const proxy of proxies.flatMap((name) => (name === 'loopback' ? LOOPBACK : name))) {
      const [address = '', bits] = proxy.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, Number(bits), family);
    }
  }

  has(peer: string): boolean {
    const address = normalizeAddress(peer);
    const version = isIP(address);
    return version !== 0 && this.list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}

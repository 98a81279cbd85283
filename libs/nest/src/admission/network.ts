import { isIP } from 'node:net';

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What limits by address count: an IPv4 address, or the /64 of an IPv6 one. A site is given a /64 at least (RFC 6177),
 * and each of its clients can use any number of the addresses in it.
 */
export function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const [head = [], tail] = ip.split('::').map(groupsOf);
  const first = [...head];
  if (tail !== undefined) first.push(...Array<string>(GROUPS - head.length - tail.length).fill('0'), ...tail);
  const network = first.slice(0, NETWORK_GROUPS).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(part: string): readonly string[] {
  if (part === '') return [];
  // An IPv4 address at the end takes the room of two groups, none of them in the network.
  return part.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':');
}

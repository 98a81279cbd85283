import type { BrokerContext } from '@statewire/nest';
import { Proxy, TestNode } from '@statewire/verification/brokers';
import { RedisCluster } from '@statewire/verification/servers';

import { resolveRedisBrokerOptions, type RedisBrokerOptions } from '../../src/options.js';
import type { RedisBroker } from '../../src/redis-broker.js';
import { startRedisBroker } from '../../src/start.js';
import { redisWire, type OpenWire } from '../../src/wire.js';

export type RedisNode = TestNode<RedisBroker>;

const CALLS = /EVALSHA/;
const isOfTopic = (channel: string): boolean => channel.includes('}:c:');

/** The address of a server, or a cluster. */
export type TestedServers = string | RedisCluster;

async function startProxy(servers: TestedServers): Promise<{ proxy: Proxy; address: RedisBrokerOptions }> {
  if (typeof servers === 'string') {
    const proxy = await Proxy.start(servers, CALLS);
    return { proxy, address: { url: proxy.url } };
  }
  const proxy = new Proxy(CALLS);
  for (const { port } of servers.addresses) await proxy.add(port);
  const rootNodes = servers.addresses.map(({ host, port }) => proxy.find(`${host}:${port}`)!);
  return { proxy, address: { cluster: { rootNodes, nodeAddressMap: (address) => proxy.find(address) } } };
}

/** Starts a node that reaches the servers through a proxy of its own. */
export async function startNode(
  servers: TestedServers,
  options: RedisBrokerOptions = {},
  context: Partial<BrokerContext> = {},
): Promise<RedisNode> {
  const { proxy, address: own } = await startProxy(servers);
  const hasAddress = options.sentinel !== undefined || options.cluster !== undefined;
  const start = (whole: BrokerContext, node: RedisNode): Promise<RedisBroker> => {
    const resolved = resolveRedisBrokerOptions({ ...(hasAddress ? {} : own), ...options });
    const open = redisWire(resolved);
    const watched: OpenWire = (events, signal, server) => open(node.watch(events, isOfTopic), signal, server);
    return startRedisBroker(whole, resolved, watched);
  };
  return TestNode.start(proxy, start, context);
}

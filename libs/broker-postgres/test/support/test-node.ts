import type { BrokerContext } from '@statewire/nest';
import { Proxy, TestNode } from '@statewire/verification/brokers';

import { resolvePostgresBrokerOptions, type PostgresBrokerOptions } from '../../src/options.js';
import { startPostgresBroker, type PostgresBroker } from '../../src/postgres-broker.js';
import { postgresWire, type OpenWire } from '../../src/wire.js';

export type PostgresNode = TestNode<PostgresBroker>;

const CALLS = /statewire_(publish|take_claim|settle_claim)/;
const isOfTopic = (channel: string): boolean => /:\d+$/.test(channel);

/** Starts a node that reaches the server of an address through a proxy of its own. */
export async function startNode(
  url: string,
  options: PostgresBrokerOptions = {},
  context: Partial<BrokerContext> = {},
): Promise<PostgresNode> {
  const proxy = await Proxy.start(url, CALLS);
  const start = (whole: BrokerContext, node: PostgresNode): Promise<PostgresBroker> => {
    const resolved = resolvePostgresBrokerOptions({ connectionString: proxy.url, ...options });
    const open = postgresWire(resolved);
    const watched: OpenWire = (events, signal) => open(node.watch(events, isOfTopic), signal);
    return startPostgresBroker(whole, resolved, watched);
  };
  return TestNode.start(proxy, start, context);
}

import type { BrokerContext, BrokerFactory } from '@statewire/nest';

import { clusterServers, singleServer } from './cluster.js';
import { resolveRedisBrokerOptions, type RedisBrokerOptions, type ResolvedRedisBrokerOptions } from './options.js';
import { RedisBroker } from './redis-broker.js';
import { redisWire, type OpenWire } from './wire.js';

/**
 * Creates the broker for several processes that share a Redis server or a Redis Cluster of version 7 or newer. The
 * start fails with one error that says what was tried, if the server cannot be reached or used.
 *
 * @example RealtimeModule.forRoot({ broker: redisBroker({ url: 'redis://localhost:6379' }) })
 */
export function redisBroker(options: RedisBrokerOptions): BrokerFactory {
  return (context) => {
    const resolved = resolveRedisBrokerOptions(options);
    return startRedisBroker(context, resolved, redisWire(resolved));
  };
}

/** Starts a broker on connections of one's own. */
export async function startRedisBroker(
  context: BrokerContext,
  options: ResolvedRedisBrokerOptions,
  openWire: OpenWire,
): Promise<RedisBroker> {
  const { cluster } = options;
  const findServers = cluster === undefined ? singleServer : clusterServers(options, cluster);
  const broker = new RedisBroker(context, options, openWire, findServers);
  await broker.start();
  return broker;
}

import { postgresBroker } from '@statewire/broker-postgres';
import { redisBroker } from '@statewire/broker-redis';
import type { BrokerFactory } from '@statewire/nest';

import { ConfigError } from './config-error.js';
import type { ArenaConfig } from './arena-config.js';

const FACTORIES = {
  redis: (url: string): BrokerFactory => redisBroker({ url }),
  postgres: (connectionString: string): BrokerFactory => postgresBroker({ connectionString }),
};

/** Connects to the server that the nodes share. A server that cannot be used is an error of the configuration. */
export function sharedBroker({ kind, url }: NonNullable<ArenaConfig['broker']>): BrokerFactory {
  const connect = FACTORIES[kind](url);
  return async (context) => {
    try {
      return await connect(context);
    } catch (error) {
      throw new ConfigError([`ARENA_BROKER: ${error instanceof Error ? error.message : String(error)}`]);
    }
  };
}

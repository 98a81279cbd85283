export { redisBroker } from './redis-broker.js';
export type { RedisBrokerOptions, RedisConnectionOptions } from './options.js';

export { redisBroker } from './redis-broker.js';
export type { RedisBrokerOptions, RedisConnectionOptions, RedisSentinelOptions } from './options.js';

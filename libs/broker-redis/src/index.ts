export { redisBroker } from './start.js';
export type {
  RedisBrokerOptions,
  RedisClusterOptions,
  RedisConnectionOptions,
  RedisSentinelOptions,
} from './options.js';

export { freePort } from './free-port.js';
export * from './postgres-server.js';
export * from './redis-server.js';
export * from './redis-cluster.js';
export * from './network.js';

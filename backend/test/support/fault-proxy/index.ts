export { FaultProxy, type FaultProxyOptions } from './fault-proxy.js';
export type { Fate, HttpFate, ProxiedRequest, Side, Way, Weather } from './faults.js';
export type { Tunnel } from './tunnel.js';

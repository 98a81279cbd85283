export { FaultProxy } from './fault-proxy.js';
export type { Fate, HttpFate, Side, Way, Weather } from './faults.js';
export type { Tunnel } from './tunnel.js';

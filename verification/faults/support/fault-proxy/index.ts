export { FaultProxy } from './fault-proxy.js';
export type { Conditions, Direction, HttpFault, Side, UpgradeFault } from './faults.js';
export type { Tunnel } from './tunnel.js';

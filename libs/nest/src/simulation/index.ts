export { simulate, type SimulationOptions } from './simulate.js';
export type { EventWatch } from './event-watch.js';
export type { SimulatedClient, SimulatedClientOptions } from './simulated-client.js';
export type { SimulatedServer } from './simulated-server.js';
export type { Simulation } from './simulation.js';
export type { StateWatch } from './state-watch.js';

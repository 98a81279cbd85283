export { simulate, type SimulationOptions } from './simulation/simulate.js';
export type { EventWatch } from './simulation/event-watch.js';
export type { SimulatedClient, SimulatedClientOptions } from './simulation/simulated-client.js';
export type { SimulatedServer } from './simulation/simulated-server.js';
export type { Simulation } from './simulation/simulation.js';
export type { StateWatch } from './simulation/state-watch.js';

export type { BrokerCapability, BrokerSetup, BrokerSuiteOptions } from './broker-suite/broker-setup.js';
export { describeBroker } from './broker-suite/describe-broker.js';
export type { BrokerAssertions, TestRunner } from './broker-suite/test-runner.js';
export { simulate, type SimulationOptions } from './simulation/simulate.js';
export type { EventWatch } from './simulation/event-watch.js';
export type { SimulatedClient, SimulatedClientOptions } from './simulation/simulated-client.js';
export type { SimulatedServer } from './simulation/simulated-server.js';
export type { ConditionName, Simulation } from './simulation/simulation.js';
export type { StateWatch } from './simulation/state-watch.js';

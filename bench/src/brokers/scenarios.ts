import type { Measurement } from '../measurements.js';
import { brokerCost, databaseUrl } from './broker-cost.js';
import { halfLoad, nodeCost } from './node-cost.js';
import { ROLLING_ARMS, rollingRestart } from './rolling-restart.js';
import { sweep, topicMemory } from './sweep.js';

type Scenario = () => Promise<Measurement[]>;

const CLIENTS = 800;
/** Few enough that the process of the clients does not limit the load. */
const HALF_LOAD_CLIENTS = 100;
const RESTARTS = 5;

export function brokerScenarios(): Scenario[] {
  const postgres = databaseUrl === undefined ? [] : ['broker-postgres'];
  return [
    ...['broker-redis', 'value and delta', 'socket.io streams', ...postgres].map(
      (arm) => () => brokerCost(arm, 3, 'window'),
    ),
    ...['broker-redis', 'bare PUBLISH', ...postgres].map((arm) => () => brokerCost(arm, 2, 'rate')),
    ...[1, 2, 4].map((nodes) => () => brokerCost('broker-redis', nodes, 'window')),
    ...(['memory', 'Redis'] as const).flatMap((broker) =>
      [1, 2, 4].map((nodes) => () => nodeCost(broker, nodes, CLIENTS)),
    ),
    () => halfLoad(HALF_LOAD_CLIENTS),
    sweep,
    topicMemory,
  ];
}

export function rollingScenarios(clients: number): Scenario[] {
  return ROLLING_ARMS.map((arm) => () => rollingRestart(arm, clients, RESTARTS));
}

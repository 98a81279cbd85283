import { brokerCost } from '../brokers/broker-cost.js';
import { brokerScenarios, rollingScenarios } from '../brokers/scenarios.js';
import { RedisProcess } from '../brokers/redis-process.js';
import type { Measurement } from '../measurements.js';
import type { RunLog, Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 1_000;

const NODES = 3;
const ARMS = ['broker-redis', 'value and delta', 'socket.io streams'];

export const broker: Scenario = {
  name: 'broker',
  title: 'Cost of the Redis broker',
  about:
    'One node publishes values of 5.5 KB that change by 200 bytes, with 64 publications under way. Three nodes follow all 100 topics.',
  seconds: 25,
  prepare: (log) =>
    withRedis(
      log,
      ARMS.map((arm) => [arm, () => brokerCost(arm, NODES, 'window')] as const),
    ),
};

export const brokers: Scenario = {
  name: 'brokers',
  title: 'All figures of scaling.md',
  about: 'Brokers, nodes, an interrupted connection, and memory.',
  seconds: 1,
  isOptional: true,
  prepare: (log) => withRedis(log, numbered(brokerScenarios())),
};

export const rolling: Scenario = {
  name: 'rolling',
  title: 'A rolling restart of three nodes',
  about: 'See scaling.md.',
  seconds: 1,
  isOptional: true,
  prepare: (log) => withRedis(log, numbered(rollingScenarios(CLIENTS))),
};

type Part = () => Promise<Measurement[]>;

/** @param parts by what they measure. One that fails does not end the others. */
async function withRedis(log: RunLog, parts: readonly (readonly [string, Part])[]): ReturnType<Scenario['prepare']> {
  const isInstalled = await RedisProcess.isInstalled();
  if (!isInstalled) log.leaveOut('all arms', 'redis-server is not installed');
  return {
    round: async () => {
      const rows: Measurement[] = [];
      for (const [name, part] of isInstalled ? shuffled(parts) : []) {
        try {
          rows.push(...(await part()));
        } catch (error) {
          log.discard(name, 'all', error instanceof Error ? error.message : String(error));
        }
      }
      return rows;
    },
    close: async () => undefined,
  };
}

function numbered(parts: readonly Part[]): readonly (readonly [string, Part])[] {
  return parts.map((part, index) => [`part ${index + 1}`, part]);
}

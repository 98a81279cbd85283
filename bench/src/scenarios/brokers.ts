import { brokerScenarios, rollingScenarios } from '../brokers/scenarios.js';
import { RedisProcess } from '../brokers/redis-process.js';
import type { Measurement } from '../measurements.js';
import type { RunLog, Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 1_000;

export const brokers: Scenario = {
  name: 'brokers',
  title: 'Cost of the brokers',
  about: 'See scaling.md.',
  seconds: 60,
  prepare: (log) => withRedis(log, brokerScenarios()),
};

export const rolling: Scenario = {
  name: 'rolling',
  title: 'A rolling restart of three nodes',
  about: 'See scaling.md.',
  seconds: 1,
  isOptional: true,
  prepare: (log) => withRedis(log, rollingScenarios(CLIENTS)),
};

async function withRedis(
  log: RunLog,
  parts: readonly (() => Promise<Measurement[]>)[],
): ReturnType<Scenario['prepare']> {
  const isInstalled = await RedisProcess.isInstalled();
  if (!isInstalled) log.leaveOut('all arms', 'redis-server is not installed');
  return {
    round: async () => {
      const rows: Measurement[] = [];
      for (const part of isInstalled ? shuffled(parts) : []) rows.push(...(await part()));
      return rows;
    },
    close: async () => undefined,
  };
}

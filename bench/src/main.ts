import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { brokerScenarios, rollingScenarios } from './brokers/scenarios.js';
import { RedisProcess } from './brokers/redis-process.js';
import { clientDeltaCost } from './client-delta-cost.js';
import { deltaCost } from './delta-cost.js';
import { flood } from './flood.js';
import { latency, type Measurement, memory, polling, throughput } from './measurements.js';
import { percentile } from './percentile.js';
import { table } from './table.js';

/** Measures one thing once. */
type Scenario = () => Promise<Measurement[]> | Measurement[];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '1000' },
    only: { type: 'string' },
  },
});
const many = Number(values.clients);

const GROUPS: Readonly<Record<string, { readonly rounds: number; readonly scenarios: readonly Scenario[] }>> = {
  peers: { rounds: Number(values.rounds), scenarios: peerScenarios() },
  brokers: { rounds: Number(values.rounds), scenarios: brokerScenarios() },
  rolling: { rounds: 1, scenarios: rollingScenarios(many) },
};
/** The restarts take two minutes for each arm, and run only when they are asked for. */
const USUAL = ['peers', 'brokers'];

const names = values.only === undefined ? USUAL : [values.only];
const unknown = names.find((name) => !GROUPS[name]);
if (unknown !== undefined)
  throw new Error(`There is no group "${unknown}". Groups: ${Object.keys(GROUPS).join(', ')}.`);

const results = [];
for (const name of names) {
  if (name !== 'peers' && !(await RedisProcess.isInstalled())) {
    process.stderr.write(
      `${name}: left out, because redis-server is not installed (Debian: apt-get install redis-server).\n`,
    );
    continue;
  }
  results.push({ name, ...(await run(name)) });
}

const folder = join(import.meta.dirname, '../../dist/bench');
mkdirSync(folder, { recursive: true });
const machine = { node: process.version, cores: cpus().length, clients: many };
writeFileSync(join(folder, 'results.json'), JSON.stringify({ machine, results }));
for (const { medians } of results) process.stdout.write(`\n${table(medians)}\n`);
process.stdout.write(
  `\nMedians of the rounds on Node ${process.version}, ${cpus().length} cores, loopback. Server and clients share the ` +
    `machine, and loopback inflates the kernel's share: read ratios within a table, not absolute times.\n` +
    `All samples: dist/bench/results.json\n`,
);

async function run(name: string): Promise<{ medians: Measurement[]; samples: Measurement[] }> {
  const { rounds, scenarios } = GROUPS[name]!;
  const samples = new Map<string, Measurement[]>();
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
    for (const scenario of shuffled(scenarios)) {
      for (const measurement of await scenario()) {
        const key = `${measurement.arm}\n${measurement.metric}\n${measurement.unit}`;
        samples.set(key, [...(samples.get(key) ?? []), measurement]);
      }
    }
  }
  const medians = [...samples.values()].map((list) => ({
    ...list[0]!,
    value: percentile(
      list.map(({ value }) => value),
      0.5,
    ),
  }));
  return { medians, samples: [...samples.values()].flat() };
}

function peerScenarios(): Scenario[] {
  const arms = ['statewire', 'nest-ws', 'socket-io'].map((arm): Scenario => async () => [
    ...(await memory(arm, many)),
    ...(await latency(arm, 100, 3_000)),
    ...(await latency(arm, many, 4_000)),
    ...(await throughput(arm, many, 1)),
    ...(await throughput(arm, many, 8)),
  ]);
  return [...arms, polling, deltaCost, clientDeltaCost, () => flood(many)];
}

/** Scenarios run in another order in each round, so that none profits from its place. */
function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

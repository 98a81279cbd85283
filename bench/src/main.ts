import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { deltaCost } from './delta-cost.js';
import { flood } from './flood.js';
import { latency, type Measurement, memory, polling, throughput } from './measurements.js';
import { percentile } from './percentile.js';
import { table } from './table.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, clients: { type: 'string', default: '1000' } },
});
const rounds = Number(values.rounds);
const many = Number(values.clients);
const ARMS = ['statewire', 'nest-ws', 'socket-io'];

const samples = new Map<string, Measurement[]>();
for (let round = 1; round <= rounds; round += 1) {
  for (const arm of shuffled(ARMS)) {
    process.stderr.write(`round ${round} of ${rounds}: ${arm}\n`);
    keep(await memory(arm, many));
    keep(await latency(arm, 100, 3_000));
    keep(await latency(arm, many, 4_000));
    keep(await throughput(arm, many, 1));
    keep(await throughput(arm, many, 8));
  }
  keep(await polling());
  keep(deltaCost());
  keep(await flood(many));
}

const medians = [...samples.values()].map((list) => ({
  ...list[0]!,
  value: percentile(
    list.map(({ value }) => value),
    0.5,
  ),
}));
process.stdout.write(`${table(medians, ['polling', ...ARMS])}\n`);
const folder = join(import.meta.dirname, '../../dist/bench');
mkdirSync(folder, { recursive: true });
const machine = { node: process.version, cores: cpus().length, rounds, clients: many };
writeFileSync(
  join(folder, 'results.json'),
  JSON.stringify({ machine, medians, samples: [...samples.values()].flat() }),
);
process.stdout.write(
  `\nMedians of ${rounds} rounds on Node ${process.version}, ${cpus().length} cores, loopback. Server and clients share the ` +
    `machine, and loopback inflates the kernel's share: read ratios within this table, not absolute times.\n` +
    `All samples: dist/bench/results.json\n`,
);

function keep(measurements: readonly Measurement[]): void {
  for (const measurement of measurements) {
    const key = `${measurement.arm}\n${measurement.metric}`;
    samples.set(key, [...(samples.get(key) ?? []), measurement]);
  }
}

/** Arms run in another order in each round, so that none profits from its place. */
function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

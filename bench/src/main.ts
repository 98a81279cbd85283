import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { now } from './clock.js';
import type { Measurement } from './measurements.js';
import { type ScenarioResult, type Results, summed } from './report/results.js';
import { table } from './report/table.js';
import { type Prepared, RunLog, type Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';

const { values } = parseArgs({
  options: {
    /** Names of scenarios, separated by commas. Default: all that are not optional. */
    only: { type: 'string' },
    /** Rounds of each scenario. Default: as many as fit into the seconds of the scenario. */
    rounds: { type: 'string' },
  },
});

const results: Results = {
  machine: {
    node: process.version,
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() ?? '',
  },
  scenarios: await runAll(chosen(values.only)),
};
const folder = join(import.meta.dirname, '../../dist/bench');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
for (const scenario of results.scenarios) print(scenario);

function chosen(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return SCENARIOS.filter(({ isOptional }) => !isOptional);
  return only.split(',').map((name) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario) return scenario;
    const names = SCENARIOS.map((one) => one.name).join(', ');
    throw new Error(`There is no scenario "${name}". Scenarios: ${names}.`);
  });
}

async function runAll(scenarios: readonly Scenario[]): Promise<ScenarioResult[]> {
  const all: ScenarioResult[] = [];
  for (const scenario of scenarios) all.push(await run(scenario));
  return all;
}

async function run(scenario: Scenario): Promise<ScenarioResult> {
  const began = now();
  const log = new RunLog();
  const rounds: (readonly Measurement[])[] = [];
  process.stderr.write(`${scenario.name}\n`);
  let prepared: Prepared | undefined;
  try {
    prepared = await scenario.prepare(log);
    let longest = 0;
    const goesOn = (): boolean =>
      values.rounds === undefined
        ? rounds.length === 0 || now() - began + longest < scenario.seconds * 1_000
        : rounds.length < Number(values.rounds);
    while (goesOn()) {
      const roundBegan = now();
      rounds.push(await prepared.round());
      longest = Math.max(longest, now() - roundBegan);
    }
  } catch (error) {
    log.leaveOut('the rest of this scenario', error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    await prepared?.close();
  }
  process.stderr.write(`  ${rounds.length} rounds in ${Math.round((now() - began) / 1_000)} s\n`);
  return summed(scenario, rounds, log);
}

function print({ title, about, rounds, base, maxLoadShare, notRun, discarded, ...result }: ScenarioResult): void {
  const notes = [
    `Medians of ${rounds} rounds, and the range from the 10th to the 90th percentile.`,
    ...(base === undefined ? [] : [`×: as a multiple of "${base}" in the same round.`]),
    ...(maxLoadShare === undefined
      ? []
      : [`The load process was busy for at most ${Math.round(maxLoadShare * 100)} %.`]),
    ...notRun.map(({ arm, reason }) => `Not run: ${arm} (${reason}).`),
    ...discarded.map(({ arm, metric, reason }) => `Discarded: ${arm}, ${metric} (${reason}).`),
  ];
  process.stdout.write(`\n## ${title}\n\n${about}\n\n${table({ ...result, base })}\n\n${notes.join('\n')}\n`);
}

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { now } from './clock.js';
import type { Measurement } from './measurements.js';
import { charts } from './report/charts.js';
import { sectionOf, withResults } from './report/document.js';
import { type ScenarioResult, summed } from './report/results.js';
import { targetTable } from './report/targets.js';
import { type Prepared, RunLog, type Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';

/** All scenarios together. One that would end later is left out. */
const TOTAL_MS = 360_000;
const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist/bench');

const { values } = parseArgs({
  options: {
    /** Names of scenarios, separated by commas. Default: all that are not optional. */
    only: { type: 'string' },
    /** Rounds of each scenario. Default: as many as fit into the seconds of the scenario. */
    rounds: { type: 'string' },
    /** Puts the figures and charts into docs/performance.md. */
    write: { type: 'boolean', default: false },
  },
});

const machine = {
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  date: new Date().toISOString().slice(0, 10),
  commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? '',
};
const results = await runAll(chosen(values.only));
for (const result of results) process.stdout.write(`\n## ${result.title}\n\n${sectionOf(result)}\n`);
process.stdout.write(
  `\nServers and clients share the machine, and loopback inflates the share of the kernel: read ratios within a table, and ` +
    `not absolute times.\nAll figures, the targets and the charts: dist/bench\n`,
);
if (values.write) writeDocument();

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
  const began = now();
  const all: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    const hasTime = values.only !== undefined || now() - began + scenario.seconds * 1_000 < TOTAL_MS;
    if (hasTime) all.push(await run(scenario));
    else
      process.stderr.write(
        `${scenario.name}: left out, because the time is up. Run it with --only ${scenario.name}.\n`,
      );
  }
  return all;
}

async function run(scenario: Scenario): Promise<ScenarioResult> {
  const [load = 0] = loadavg();
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
  const result = summed(scenario, rounds, log, { ...machine, load });
  keep(result);
  return result;
}

/** Keeps a result beside those of earlier runs, of which it replaces one. */
function keep(result: ScenarioResult): void {
  const all = [...earlier().filter(({ name }) => name !== result.name), result];
  save(DIST, 'results.json', `${JSON.stringify(all, null, 2)}\n`);
  save(DIST, 'targets.md', `${targetTable(all)}\n`);
  for (const [file, chart] of charts(all)) save(DIST, file, chart);
}

function earlier(): readonly ScenarioResult[] {
  const file = join(DIST, 'results.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ScenarioResult[]) : [];
}

/** Puts the newest figures of all scenarios into the document. */
function writeDocument(): void {
  const document = join(ROOT, 'docs/performance.md');
  writeFileSync(document, withResults(readFileSync(document, 'utf8'), earlier()));
  for (const [file, chart] of charts(earlier())) save(join(ROOT, 'docs/performance'), file, chart);
}

function save(folder: string, file: string, content: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), content);
}

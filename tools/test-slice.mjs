import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { shuffled } from './lib/random.mjs';
import { readSeed } from './lib/seed.mjs';
import { ensureInstalled, fail, requireSupportedNode, root, run } from './lib/workspace.mjs';

const PROJECTS = [
  'libs/protocol',
  'libs/client',
  'libs/nest',
  'libs/broker-redis',
  'libs/broker-postgres',
  'backend',
  'verification',
];
const NO_SPECS = new Set(['node_modules', 'dist', 'coverage', '.angular']);
/** Specs of the long tier alone. Other specs that read {@link TIER} have more to do there. */
const ENDING = '.long.spec.ts';
const TIER = 'STATEWIRE_TEST_TIER';
/** For a spec that `tools/long-specs.json` does not know: it has seconds, or why a spec is no part of a slice. */
const USUAL_SECONDS = 60;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    list: { type: 'boolean' },
    /** Another folder than those of the slice, such as `frontend`, whose long specs want a browser and a build. */
    project: { type: 'string', multiple: true, default: PROJECTS },
  },
});

requireSupportedNode();
await ensureInstalled();
const seed = values.seed === undefined ? readSeed() : Number(values.seed);
const budget = Number(values.seconds);
const durations = JSON.parse(readFileSync(join(root, 'tools/long-specs.json'), 'utf8'));
const specs = values.project.flatMap(longSpecsOf);
if (specs.length === 0) fail(`No spec is long: neither a name ends in ${ENDING} nor a text has ${TIER}.`);
const chosen = choose(specs, budget, seed);
console.log(`${chosen.length} of ${specs.length} long specs, STATEWIRE_SEED=${seed}`);
if (values.list) process.exit(0);
let failed = 0;
for (const { project, spec } of chosen) {
  const began = Date.now();
  const code = await jest(project, spec);
  if (code !== 0) failed += 1;
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(`${code === 0 ? 'passed' : 'FAILED'} ${project}/${spec} in ${seconds} s, STATEWIRE_SEED=${seed}`);
}
process.exit(failed === 0 ? 0 : 1);

function longSpecsOf(project) {
  const folders = readdirSync(join(root, project), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .filter(({ name }) => !NO_SPECS.has(name))
    .flatMap(({ name }) =>
      readdirSync(join(root, project, name), { recursive: true }).map(
        (file) => `${name}/${file.replaceAll('\\', '/')}`,
      ),
    )
    .filter((spec) => isLong(join(root, project, spec)))
    .map((spec) => ({ project, spec }));
}

function isLong(path) {
  return path.endsWith(ENDING) || (path.endsWith('.spec.ts') && readFileSync(path, 'utf8').includes(TIER));
}

/** Selects files in random order while they fit the budget. */
function choose(all, seconds, seed) {
  let left = seconds;
  const sorted = all.toSorted((a, b) => key(a).localeCompare(key(b)));
  return shuffled(sorted, seed).filter((each) => {
    const takes = durations[key(each)] ?? USUAL_SECONDS;
    if (typeof takes === 'string') {
      console.log(`left out: ${key(each)}: ${takes}`);
      return false;
    }
    if (takes > left) return false;
    left -= takes;
    return true;
  });
}

function key({ project, spec }) {
  return `${project}/${spec}`;
}

function jest(project, spec) {
  return run(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), '--runTestsByPath', spec], {
    cwd: join(root, project),
    env: {
      ...process.env,
      STATEWIRE_TEST_TIER: 'full',
      STATEWIRE_SLICE: 'true',
      STATEWIRE_SEED: String(seed),
      NODE_OPTIONS: '--experimental-vm-modules --no-warnings=ExperimentalWarning',
    },
  });
}

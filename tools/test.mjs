import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

import { chosenSeed } from './lib/seed.mjs';
import { reportTotals } from './lib/test-totals.mjs';
import { ensureInstalled, fail, nx, requireSupportedNode, root } from './lib/workspace.mjs';

const { values } = parseArgs({
  options: {
    /** Runs the long tests too. */
    full: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    /** Runs one file, given by its path in the workspace. */
    only: { type: 'string' },
    /** Sets `STATEWIRE_SEED`. */
    seed: { type: 'string' },
  },
});

requireSupportedNode();
await ensureInstalled();
if (values.seed !== undefined) process.env.STATEWIRE_SEED = values.seed;
rmSync(join(root, 'dist/test-results'), { recursive: true, force: true });
const only = values.only === undefined ? undefined : projectOf(values.only);
const code = await nx(
  [
    'run-many',
    '-t',
    'test',
    ...(only ? ['-p', only.name, '--skip-nx-cache'] : ['--exclude', 'statewire']),
    '--output-style',
    'stream',
    ...(values.coverage ? ['--coverage'] : []),
    ...(only ? ['--runTestsByPath', only.spec] : []),
  ],
  { ...(values.full && { STATEWIRE_TEST_TIER: 'full' }), ...chosenSeed() },
);
const good = reportTotals(only && { projects: [only.name] });
process.exit(good && code === 0 ? 0 : 1);

/** Finds the project of a file in the closest folder with a `project.json`. */
function projectOf(file) {
  const path = join(root, file);
  if (!existsSync(path)) fail(`There is no file ${file}.`);
  let folder = dirname(path);
  while (!existsSync(join(folder, 'project.json'))) folder = dirname(folder);
  const { name } = JSON.parse(readFileSync(join(folder, 'project.json'), 'utf8'));
  return { name, spec: relative(folder, path).replaceAll('\\', '/') };
}

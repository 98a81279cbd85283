import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const SEED = '471147';

/** Projects with a configuration for Jest. */
const PROJECTS = ['.', 'libs']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((project) => existsSync(join(root, project, 'jest.config.mjs')));

interface Config {
  readonly moduleNameMapper?: Readonly<Record<string, string>>;
  readonly projects?: readonly Config[];
}

/** Runs Node in the workspace, with or without a seed. @returns everything that it wrote. */
function node(parameters: readonly string[], seed: string, cwd = root): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '', STATEWIRE_SEED: seed };
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, { cwd, env }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

/** The module that replaces `fast-check` in each project. */
async function replacements(seed: string): Promise<readonly (string | undefined)[]> {
  const modules = PROJECTS.map((project) => `import('./${project}/jest.config.mjs')`);
  const script = `console.log(JSON.stringify((await Promise.all([${modules.join()}])).map((one) => one.default)))`;
  const configs = JSON.parse(await node(['--input-type=module', '-e', script], seed)) as readonly Config[];
  return configs
    .flatMap((config) => config.projects ?? [config])
    .map(({ moduleNameMapper }) => moduleNameMapper?.['^fast-check$']);
}

test('a property of a CommonJS test that fails names STATEWIRE_SEED', async () => {
  const script = "const fc = require('./tools/seeded-fast-check.cjs'); fc.assert(fc.property(fc.nat(), () => false));";
  expect(await node(['-e', script], SEED)).toContain(`seed: ${SEED}`);
});

test('every project runs its properties from STATEWIRE_SEED', async () => {
  const seeded = await replacements(SEED);
  expect(seeded.length).toBeGreaterThanOrEqual(PROJECTS.length);
  for (const file of seeded) expect(existsSync(file ?? '')).toBe(true);
}, 30_000);

test('a run without STATEWIRE_SEED chooses one, which its workers inherit', async () => {
  const script = "await import('./jest.preset.mjs'); console.log('chosen', process.env.STATEWIRE_SEED);";
  expect(await node(['--input-type=module', '-e', script], '')).toMatch(/^chosen \d+$/m);
});

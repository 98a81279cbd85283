import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const SEED = '471147';
const FAILING = 'verification/test/failing';

/** Runs Node with a seed. @returns everything that it wrote. */
function node(parameters: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0', STATEWIRE_SEED: SEED, ...env } };
    execFile(process.execPath, parameters, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

describe('the report of a run of all tests', () => {
  let folder: string;
  let output: string;
  let report: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'statewire-failures-'));
    const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
    output = await node([...jest, '--config', 'test/failing/jest.config.mjs'], join(root, 'verification'), {
      RESULTS: folder,
    });
    const options = JSON.stringify({ projects: ['failing', 'absent'], folder });
    const script = `import { reportTotals } from './tools/lib/test-totals.mjs'; reportTotals(${options});`;
    report = await node(['--input-type=module', '-e', script], root);
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true }));

  test('has project, file, test, seed and case of a failure, and the command that repeats it', () => {
    expect(report).toContain(
      [
        `failing: ${FAILING}/never-true.ts`,
        '  a property › that never holds',
        `  seed ${SEED}, path "0:0"`,
        `  npm test -- --only ${FAILING}/never-true.ts --seed ${SEED}`,
        '',
      ].join('\n'),
    );
  });

  test('has the seed of a single property', () => {
    expect(report).toMatch(/that never holds from a seed of its own\n {2}seed 7, path "/);
  });

  test('names a file that cannot be loaded', () => {
    expect(report).toContain(`failing: ${FAILING}/not-loadable.ts\n  The file did not load.\n`);
  });

  test('ends with the totals, in which a project without results is a failure', () => {
    const totals = ['failing: 1 passed, 3 failed, 0 skipped', 'absent: no test ran', '1 passed, 4 failed, 0 skipped'];
    expect(report.trimEnd().split('\n').slice(-3)).toEqual(totals);
  });

  test('has the seed that fast-check reports', () => {
    expect(output).toContain(`seed: ${SEED}`);
  });
});

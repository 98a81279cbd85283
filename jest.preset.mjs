import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { readSeed } from './tools/lib/seed.mjs';
import { swcOptions } from './tools/lib/swc-options.mjs';

const root = import.meta.dirname;

/** Every run has a seed, which the workers of Jest inherit and the reporter names. */
process.env.STATEWIRE_SEED ||= String(readSeed());

/** True in the long tier (`npm run test:full`), where `*.long.spec.ts` run as well. */
const full = process.env.STATEWIRE_TEST_TIER === 'full';

/**
 * The `moduleNameMapper` entry through which `STATEWIRE_SEED` reaches the properties of fast-check.
 *
 * @param format of the project's modules: `mjs` or `cjs`.
 */
export function seededProperties(format) {
  return { '^fast-check$': join(root, `tools/seeded-fast-check.${format}`) };
}

/**
 * The `moduleNameMapper` entries that load RxJS from the one file of its own bundle. Jest reads, compiles and links each
 * module anew for each spec, and RxJS has 220.
 */
function rxjsInOneFile() {
  return {
    '^rxjs$': join(root, 'node_modules/rxjs/dist/bundles/rxjs.umd.js'),
    '^rxjs/operators$': join(root, 'tools/rxjs-operators.cjs'),
  };
}

/**
 * Configuration shared by all projects: where tests are, what counts as covered, and a reporter that keeps the totals.
 */
export function commonPreset(projectRoot) {
  const { name } = JSON.parse(readFileSync(join(projectRoot, 'project.json'), 'utf8'));
  return {
    displayName: name,
    rootDir: projectRoot,
    testMatch: ['<rootDir>/{src,test,testing,e2e}/**/*.spec.ts'],
    testPathIgnorePatterns: ['/node_modules/', '/dist/', ...(full ? [] : ['\\.long\\.spec\\.ts$'])],
    collectCoverageFrom: ['<rootDir>/src/**/*.ts', '!**/*.spec.ts', '!**/index.ts'],
    coverageDirectory: join(root, 'coverage', relative(root, projectRoot)),
    // Node keeps the modules of a finished spec. A full heap makes each garbage collection slow, so a new worker goes on.
    workerIdleMemoryLimit: '500MB',
    workerGracefulExitTimeout: 60_000,
    // Ends a test that hangs. A test that promises a deadline asserts it itself.
    testTimeout: full ? 900_000 : 300_000,
    reporters: ['default', [join(root, 'tools/jest-totals-reporter.mjs'), { project: name }]],
  };
}

/**
 * A project that runs on Node as native ES modules, compiled by SWC. Needs `NODE_OPTIONS=--experimental-vm-modules`,
 * which the `test` target sets.
 */
export function nodePreset(projectRoot, { decorators = false } = {}) {
  return {
    ...commonPreset(projectRoot),
    testEnvironment: 'node',
    testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
    extensionsToTreatAsEsm: ['.ts'],
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...seededProperties('mjs'), ...rxjsInOneFile() },
    transform: {
      '^.+\\.ts$': ['@swc/jest', swcOptions({ decorators })],
    },
  };
}

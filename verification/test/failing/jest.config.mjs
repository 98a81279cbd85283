import { join } from 'node:path';

import { nodePreset } from '../../../jest.preset.mjs';

const reporter = join(import.meta.dirname, '../../../tools/jest-totals-reporter.mjs');

/** Files that fail on purpose. `failures.spec.ts` runs them and reads the report. */
export default {
  ...nodePreset(join(import.meta.dirname, '../..')),
  testMatch: ['<rootDir>/test/failing/*.ts'],
  reporters: ['default', [reporter, { project: 'failing', folder: process.env.RESULTS }]],
};

import { commonPreset, nodePreset, seededProperties } from '../jest.preset.mjs';
import presets from 'jest-preset-angular/presets/index.js';

const { reporters, coverageDirectory, testTimeout } = commonPreset(import.meta.dirname);

/** A part of the run. Reporters, the folder of the coverage and the timeout belong to the whole. */
function part(preset) {
  const own = { ...preset };
  delete own.reporters;
  delete own.coverageDirectory;
  delete own.testTimeout;
  return own;
}

/** Components and stores in jsdom; the built page and server in a real Chromium. */
export default {
  reporters,
  coverageDirectory,
  testTimeout,
  projects: [
    {
      ...part(commonPreset(import.meta.dirname)),
      ...presets.createCjsPreset({ tsconfig: '<rootDir>/tsconfig.spec.json' }),
      displayName: 'frontend',
      testMatch: ['<rootDir>/src/**/*.spec.ts'],
      testEnvironmentOptions: { customExportConditions: ['source', 'browser', 'require', 'default'] },
      moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...seededProperties('cjs') },
      setupFilesAfterEnv: ['<rootDir>/src/test-setup.ts'],
    },
    {
      ...part(nodePreset(import.meta.dirname, { decorators: true })),
      displayName: 'frontend-e2e',
      testMatch: ['<rootDir>/e2e/**/*.spec.ts'],
    },
  ],
};

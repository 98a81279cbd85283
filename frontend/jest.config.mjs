import { commonPreset, nodePreset } from '../jest.preset.mjs';
import presets from 'jest-preset-angular/presets/index.js';

const { reporters, coverageDirectory, ...common } = commonPreset(import.meta.dirname);
const { reporters: _, coverageDirectory: __, ...node } = nodePreset(import.meta.dirname);

/** Components and stores in jsdom; the built page and server in a real Chromium. */
export default {
  reporters,
  coverageDirectory,
  projects: [
    {
      ...common,
      ...presets.createCjsPreset({ tsconfig: '<rootDir>/tsconfig.spec.json' }),
      displayName: 'frontend',
      testMatch: ['<rootDir>/src/**/*.spec.ts'],
      testEnvironmentOptions: { customExportConditions: ['source', 'browser', 'require', 'default'] },
      moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
      setupFilesAfterEnv: ['<rootDir>/src/test-setup.ts'],
    },
    { ...node, displayName: 'frontend-e2e', testMatch: ['<rootDir>/e2e/**/*.spec.ts'] },
  ],
};

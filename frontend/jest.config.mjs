import { commonPreset, nodePreset, seededProperties } from '../jest.preset.mjs';
import presets from 'jest-preset-angular/presets/index.js';

const whole = commonPreset(import.meta.dirname);

const OF_THE_WHOLE = [
  'reporters',
  'coverageDirectory',
  'testTimeout',
  'workerIdleMemoryLimit',
  'workerGracefulExitTimeout',
];

/** A part of the run, without the options that Jest takes from the whole. */
function part(preset) {
  const own = { ...preset };
  for (const name of OF_THE_WHOLE) delete own[name];
  return own;
}

/** Components and stores in jsdom; the built page and server in a real Chromium. */
export default {
  ...Object.fromEntries(OF_THE_WHOLE.map((name) => [name, whole[name]])),
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

import presets from 'jest-preset-angular/presets/index.js';

import { commonPreset, seededProperties } from '../../jest.preset.mjs';

export default {
  ...presets.createCjsPreset(),
  ...commonPreset(import.meta.dirname),
  testEnvironmentOptions: { customExportConditions: ['source', 'browser'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...seededProperties('cjs') },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
};

import { join } from 'node:path';

import { nodePreset } from '../jest.preset.mjs';

export default {
  ...nodePreset(import.meta.dirname, { decorators: true }),
  transform: { '^.+\\.ts$': join(import.meta.dirname, 'support/jest-transformer.mjs') },
  testMatch: ['<rootDir>/**/*.spec.{ts,mjs}'],
};

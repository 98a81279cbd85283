import { nodePreset } from '../../jest.preset.mjs';

/** The scripts are plain JavaScript, so their specs are too. */
export default { ...nodePreset(import.meta.dirname), testMatch: ['<rootDir>/*.spec.mjs'] };

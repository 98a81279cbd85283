import { nodePreset } from '../jest.preset.mjs';

export default {
  ...nodePreset(import.meta.dirname, { decorators: true }),
  // Real sockets and real processes, on machines that do other things besides.
  testTimeout: 20_000,
};

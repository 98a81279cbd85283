import { bundleSizes } from '../bundle-size.js';
import type { Scenario } from '../scenario.js';

export const bundle: Scenario = {
  name: 'bundle',
  title: 'Size of the client',
  about: 'Minified by esbuild and compressed with gzip.',
  seconds: 1,
  prepare: async () => ({
    round: async () =>
      bundleSizes().map(({ name, size }) => ({ arm: name, metric: 'size', unit: 'KB', value: size / 1_000 })),
    close: async () => undefined,
  }),
};

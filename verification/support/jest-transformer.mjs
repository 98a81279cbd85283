import swcJest from '@swc/jest';

import { swcOptions } from '../../tools/lib/swc-options.mjs';
import { openPrivateNames } from './open-private-names.mjs';

const swc = swcJest.createTransformer(swcOptions({ decorators: true }));

/** Compiles TypeScript in Jest as `compile` does outside of Jest. */
export default {
  canInstrument: swc.canInstrument,
  getCacheKey: (source, filename, options) => swc.getCacheKey(openPrivateNames(source, filename), filename, options),
  process: (source, filename, options) => swc.process(openPrivateNames(source, filename), filename, options),
  processAsync: (source, filename, options) => swc.processAsync(openPrivateNames(source, filename), filename, options),
};

/**
 * Replaces `fast-check` in tests: a property without a seed of its own starts from `STATEWIRE_SEED`. The presets map the
 * import to this file, so that tests without properties load nothing.
 */
import fc from '../node_modules/fast-check/lib/fast-check.js';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.STATEWIRE_SEED) });

export * from '../node_modules/fast-check/lib/fast-check.js';
export default fc;

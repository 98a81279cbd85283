/**
 * What `fast-check` is to the tests of a run with `STATEWIRE_SEED`: the same, and every property that names no seed of its
 * own begins with that of the run. Put in its place by the presets, so that tests without properties load nothing.
 */
import fc from '../node_modules/fast-check/lib/fast-check.js';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.STATEWIRE_SEED) });

export * from '../node_modules/fast-check/lib/fast-check.js';
export default fc;

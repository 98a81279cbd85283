/** `seeded-fast-check.mjs` for tests that are CommonJS. */
const process = require('node:process');

const fc = require('../node_modules/fast-check/lib/cjs/fast-check.js');

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.STATEWIRE_SEED) });

module.exports = fc;

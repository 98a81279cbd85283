import fc from 'fast-check';

const MOST_RUNS = 200;

/**
 * fast-check with fewer runs per property: what a mutant breaks shows soon, and each property runs for every mutant.
 * What survives is tried again with all of them.
 */
export default {
  ...fc,
  assert: (property, { numRuns = 100, ...others } = {}) =>
    fc.assert(property, { ...others, numRuns: globalThis.__allRuns ? numRuns : Math.min(numRuns, MOST_RUNS) }),
};

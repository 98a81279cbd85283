import fc from 'fast-check';

const MOST_RUNS = 200;

/**
 * fast-check with fewer runs per property. A killed mutant fails early, and each property runs for every mutant.
 * Surviving mutants run again with all runs.
 */
export default {
  ...fc,
  assert: (property, { numRuns = 100, ...others } = {}) =>
    fc.assert(property, { ...others, numRuns: globalThis.__allRuns ? numRuns : Math.min(numRuns, MOST_RUNS) }),
};

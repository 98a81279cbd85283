import fc from 'fast-check';

const MOST_RUNS = 200;

/** fast-check with fewer runs per property: what a mutant breaks shows soon, and each property runs for every mutant. */
export default {
  ...fc,
  assert: (property, { numRuns = 100, ...others } = {}) =>
    fc.assert(property, { ...others, numRuns: Math.min(numRuns, MOST_RUNS) }),
};

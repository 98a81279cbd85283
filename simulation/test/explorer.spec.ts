import { SEEDED_BUGS } from '../src/seeded-bugs/seeded-bugs.js';
import { describeExplorations } from './explorations.js';

/** Deep enough that something can go wrong, and as deep as the bugs are that each scenario has to catch. */
describeExplorations(({ name }) => {
  const depths = SEEDED_BUGS.filter(({ caughtBy }) => caughtBy === name).map(({ depth }) => depth);
  return Math.max(4, ...depths);
});

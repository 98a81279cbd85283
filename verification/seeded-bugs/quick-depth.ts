import type { Scenario } from '../explorer/index.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

/** Deep enough that something can go wrong, and as deep as the bugs are that the scenario has to catch. */
export function quickDepth({ name }: Pick<Scenario, 'name'>): number {
  const depths = SEEDED_BUGS.filter(({ caughtBy }) => caughtBy === name).map(({ depth }) => depth);
  return Math.max(4, ...depths);
}

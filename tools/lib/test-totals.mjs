import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeFailure, RESULTS } from './failures.mjs';

const PROJECTS = [
  'protocol',
  'testing',
  'client',
  'angular',
  'nest',
  'testing-nest',
  'broker-redis',
  'broker-postgres',
  'arena',
  'backend',
  'frontend',
  'docker',
  'examples',
  'verification',
  'tools',
];

/**
 * Prints each failure of the projects' last runs, the totals of each project, and the sum as the last line.
 *
 * @param {{ projects?: readonly string[], folder?: string }} [options] default: all projects, and the results of their runs.
 * @returns false where a project has no result, ran no test, or has failures.
 */
export function reportTotals({ projects = PROJECTS, folder = RESULTS } = {}) {
  const runs = projects.map((project) => ({ project, ...resultOf(join(folder, `${project}.json`)) }));
  const failures = runs.flatMap((run) => run.failures.map((failure) => describeFailure(run.project, failure, run)));
  if (failures.length > 0) console.log(`\nFailed tests:\n\n${failures.join('\n\n')}\n`);
  for (const { project, passed, failed, skipped, ran } of runs) {
    console.log(ran ? `${project}: ${passed} passed, ${failed} failed, ${skipped} skipped` : `${project}: no test ran`);
  }
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0;
}

/** A project that ran no test counts as one failure. */
function resultOf(file) {
  const totals = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (totals && totals.passed + totals.failed + totals.skipped > 0) return { ...totals, ran: true };
  return { passed: 0, failed: 1, skipped: 0, failures: [], ran: false };
}

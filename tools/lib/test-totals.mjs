import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './workspace.mjs';

const PROJECTS = ['protocol', 'client', 'angular', 'nest', 'arena', 'backend', 'frontend', 'docker', 'simulation'];

/**
 * Adds up what the projects' last runs left behind and prints it, the sum last.
 *
 * @returns false where a project has no result, ran no test, or has failures.
 */
export function reportTotals() {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  let good = true;
  for (const project of PROJECTS) {
    const file = join(root, 'dist/test-results', `${project}.json`);
    const totals = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    if (!totals || totals.passed + totals.failed === 0) {
      console.log(`${project}: no test was run`);
      sum.failed += 1;
      good = false;
      continue;
    }
    console.log(`${project}: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    for (const key of Object.keys(sum)) sum[key] += totals[key];
    good &&= totals.failed === 0;
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  return good;
}

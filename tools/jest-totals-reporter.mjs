import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { failuresOf, RESULTS } from './lib/failures.mjs';

/** Writes the totals and the failures of one project's run for `tools/test.mjs`, which reports all projects. */
export default class JestTotalsReporter {
  #file;

  constructor(_globalConfig, { project, folder = RESULTS }) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, `${project}.json`);
  }

  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results;
    const totals = {
      seed: process.env.STATEWIRE_SEED,
      full: process.env.STATEWIRE_TEST_TIER === 'full',
      passed: numPassedTests,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      skipped: numPendingTests + numTodoTests,
      failures: results.testResults.flatMap(failuresOf),
    };
    if (totals.failed > 0) console.log(`STATEWIRE_SEED=${totals.seed} runs the same again.`);
    writeFileSync(this.#file, JSON.stringify(totals));
  }
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Leaves the totals of one project's run where `tools/test.mjs` adds them up. */
export default class JestTotalsReporter {
  #file;

  constructor(_globalConfig, { project }) {
    const folder = join(import.meta.dirname, '..', 'dist', 'test-results');
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, `${project}.json`);
  }

  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results;
    const seed = process.env.STATEWIRE_SEED;
    if (seed && numFailedTests + numRuntimeErrorTestSuites > 0)
      console.log(`STATEWIRE_SEED=${seed} runs the same again.`);
    writeFileSync(
      this.#file,
      JSON.stringify({
        passed: numPassedTests,
        failed: numFailedTests + numRuntimeErrorTestSuites,
        skipped: numPendingTests + numTodoTests,
      }),
    );
  }
}

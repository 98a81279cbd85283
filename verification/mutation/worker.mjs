/** Runs the tests that its parent selects with one enabled mutant. Compiles and imports everything once. */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const { specs, instrumented, seed, isLeftOut, onFromStart } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let active = onFromStart ?? -1;
let hits = new Set();
globalThis.__mutant = (id) => {
  hits.add(id);
  return id === active;
};

register('./hooks.mjs', import.meta.url, {
  data: {
    instrumented,
    harness: new URL('./harness.mjs', import.meta.url).href,
    fewerRuns: new URL('./fewer-runs.mjs', import.meta.url).href,
  },
});
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

const { tests, runTest } = await import('./harness.mjs');
const { default: fc } = await import('fast-check');
fc.configureGlobal({ seed, endOnFailure: true });
for (const spec of specs) {
  try {
    await import(pathToFileURL(spec).href);
  } catch (error) {
    process.send({ failed: `${spec}: ${error.stack}` });
    process.exit(1);
  }
}
const leftOut = new RegExp(isLeftOut);
const atLoad = [...hits];

process.on('message', (message) => void (message.dry ? dryRun() : tryMutant(message)));
process.send({ ready: true, count: tests.length });

async function dryRun() {
  const runs = [];
  for (const [index, test] of tests.entries()) {
    if (leftOut.test(test.name)) continue;
    hits = new Set();
    const began = performance.now();
    try {
      await runTest(test, 60_000);
    } catch (error) {
      process.send({ failed: `${test.name}: ${error.stack}` });
      return;
    }
    runs.push({ index, name: test.name, ms: performance.now() - began, hits: [...hits] });
  }
  process.send({ runs, atLoad });
}

async function tryMutant({ mutant, order, allRuns }) {
  active = mutant;
  globalThis.__allRuns = allRuns;
  for (const { index, ms } of order) {
    const patience = patienceFor(ms) * (allRuns ? 25 : 1);
    process.send({ next: true, within: patience * 2 });
    try {
      await runTest(tests[index], patience);
    } catch (error) {
      active = onFromStart ?? -1;
      process.send({ mutant, killedBy: index, why: String(error?.message ?? error).slice(0, 300) });
      return;
    }
  }
  active = onFromStart ?? -1;
  process.send({ mutant, killedBy: undefined });
}

/** Milliseconds after which a test counts as hung. Generous, because the machine may be busy. */
function patienceFor(ms) {
  return 1_500 + ms * 20;
}

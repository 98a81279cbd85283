/**
 * Runs mutation tests of the code that the guarantees depend on: `npm run mutate`, `npm run mutate -- delta Timeline`
 * (areas or symbols), `npm run mutate -- --sample 40 --seconds 120` (a random slice; `--seed` repeats one).
 */
import { register } from 'node:module';
import { parseArgs } from 'node:util';

import { shuffled } from '../../tools/lib/random.mjs';
import { fail, requireSupportedNode } from '../../tools/lib/workspace.mjs';
import { filesOf } from './area-files.mjs';
import { AreaRun } from './area-run.mjs';
import { AREAS } from './areas.mjs';
import { reasonOf, stale } from './equivalents.mjs';
import { report } from './report.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

requireSupportedNode();
const seed = Number(values.seed ?? process.env.STATEWIRE_SEED ?? Date.now() % 2 ** 31);
console.log(`STATEWIRE_SEED=${seed}`);
const until = performance.now() + Number(values.seconds ?? Infinity) * 1000;

register('../support/typescript-hooks.mjs', import.meta.url);
const { SourceIndex } = await import('../support/source-index.ts');
const index = SourceIndex.ofWorkspace();
const runs = AREAS.map((area) => askedOf(area, filesOf(area, index)))
  .filter(({ files }) => files.length > 0)
  .map((area) => new AreaRun(area, seed));
if (runs.length === 0)
  fail(`Nothing is called ${positionals.join(' ')}. Areas: ${AREAS.map(({ name }) => name).join(', ')}.`);

const all = runs.flatMap((run) => run.mutants.map((mutant) => ({ run, mutant })));
const isSample = values.sample !== undefined;
const chosen = new Set(isSample ? shuffled(all, seed).slice(0, Number(values.sample)) : all);
const results = [];
try {
  for (const run of runs) {
    const own = all.filter((each) => each.run === run && chosen.has(each));
    if (own.length > 0) await tryAll(run, own);
  }
} finally {
  for (const run of runs) run.end();
}
process.exitCode = report(results, { planned: chosen.size, isSample, stale: isSample ? [] : stale(all, index) });

async function tryAll(run, own) {
  await run.prepare();
  for (const { mutant } of own) {
    if (performance.now() > until) return;
    const equivalent = reasonOf(mutant);
    const killedBy = equivalent === undefined ? await run.verdictOn(mutant) : undefined;
    results.push({ area: run.area, mutant, equivalent, killedBy });
    if (values.verbose)
      console.log(
        `${mutant.file}:${mutant.line} in ${mutant.symbol}: ${mutant.from} → ${mutant.to}: ${killedBy ?? 'SURVIVED'}`,
      );
  }
}

/** All files of the area, or those of the symbols that the command line names. */
function askedOf(area, located) {
  if (positionals.length === 0 || positionals.includes(area.name)) return located;
  const asked = area.symbols.filter((symbol) => positionals.includes(symbol));
  return { ...located, files: [...new Set(asked.map((symbol) => index.fileOf(area.package, symbol)))] };
}

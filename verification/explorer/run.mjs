import { register } from 'node:module';
import { parseArgs } from 'node:util';

/*
 * Explores the scenarios outside of Jest, in half the time, and writes one line of JSON for each: an `Exploration`.
 *
 * node --conditions=source verification/explorer/run.mjs [--depth 8] [--only <name>]…
 */
const { values } = parseArgs({
  options: { depth: { type: 'string', default: '8' }, only: { type: 'string', multiple: true } },
});

register('../support/typescript-hooks.mjs', import.meta.url);
const { explore, SCENARIOS } = await import('./index.ts');

for (const scenario of SCENARIOS.filter(({ name }) => values.only?.includes(name) ?? true)) {
  process.stdout.write(`${JSON.stringify(await explore(scenario, Number(values.depth)))}\n`);
}

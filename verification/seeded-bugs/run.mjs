import { register } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Explores with one seeded bug after the other, each in its own copy of the workspace's modules, and writes one line of
 * JSON for each: `{ name, counterexample?, error?, states, milliseconds }`.
 *
 * node --conditions=source verification/seeded-bugs/run.mjs [--depth <deepest bug>] [--only <part of a name>]
 */
const { values } = parseArgs({ options: { depth: { type: 'string' }, only: { type: 'string', multiple: true } } });
const deepest = Number(values.depth ?? Infinity);
const root = join(import.meta.dirname, '../..');

register('../support/typescript-hooks.mjs', import.meta.url);
const { SEEDED_BUGS } = await import('./seeded-bugs.ts');
const { seedBugs } = await import('./seed-bugs.ts');
const seeded = seedBugs(SEEDED_BUGS);
register('./bug-hooks.mjs', import.meta.url, { data: { seeded, root } });

for (const [index, bug] of SEEDED_BUGS.entries()) {
  if (values.only && !values.only.some((part) => bug.name.includes(part))) continue;
  if (bug.depth > deepest) continue;
  process.stdout.write(`${JSON.stringify({ name: bug.name, ...(await explore(index, bug)) })}\n`);
}

async function explore(index, { caughtBy, depth }) {
  const began = performance.now();
  try {
    const { error } = seeded[index];
    if (error !== undefined) throw new Error(error);
    const explorer = await import(`../explorer/index.ts?bug=${index}`);
    const scenario = explorer.SCENARIOS.find(({ name }) => name === caughtBy);
    if (!scenario) throw new Error(`There is no scenario called "${caughtBy}".`);
    const { counterexample, states } = await explorer.explore(scenario, depth);
    return { counterexample, states, milliseconds: Math.round(performance.now() - began) };
  } catch (error) {
    return { error: String(error), states: 0, milliseconds: Math.round(performance.now() - began) };
  }
}

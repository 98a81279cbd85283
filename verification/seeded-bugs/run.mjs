import { register } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Seeds one bug after the other, each in its own copy of the workspace's modules. Explores a scenario with it, or plays
 * random histories until one shows it, or runs a fault of a distant broker. Writes one line of JSON for each bug:
 * `{ name, counterexample?, states }` from the explorer, `{ name, complaint?, played }` from histories, `{ name,
 * complaint? }` from a fault, all with `error?` and `milliseconds`.
 *
 * node --conditions=source verification/seeded-bugs/run.mjs [--depth <deepest bug>] [--only <part of a name>]
 */
const { values } = parseArgs({ options: { depth: { type: 'string' }, only: { type: 'string', multiple: true } } });
const deepest = Number(values.depth ?? Infinity);
const root = join(import.meta.dirname, '../..');
/** A bug survives if this number of histories does not reveal it. */
const MAX_HISTORIES = 300;

register('../support/typescript-hooks.mjs', import.meta.url);
const { DISTANT_BUGS } = await import('./distant-bugs.ts');
const { HISTORY_BUGS } = await import('./history-bugs.ts');
const { SEEDED_BUGS } = await import('./seeded-bugs.ts');
const { seedBugs } = await import('./seed-bugs.ts');
const bugs = [
  ...SEEDED_BUGS.filter(({ depth }) => depth <= deepest).map((bug) => ({ ...bug, run: explore })),
  ...HISTORY_BUGS.map((bug) => ({ ...bug, run: play })),
  ...DISTANT_BUGS.map((bug) => ({ ...bug, run: suffer })),
].filter(({ name }) => values.only?.some((part) => name.includes(part)) ?? true);
const seeded = seedBugs(bugs);
register('./bug-hooks.mjs', import.meta.url, { data: { seeded, root } });

for (const [index, bug] of bugs.entries()) {
  const began = performance.now();
  const outcome = await run(index, bug).catch((error) => ({ error: String(error), states: 0, played: 0 }));
  const milliseconds = Math.round(performance.now() - began);
  process.stdout.write(`${JSON.stringify({ name: bug.name, by: bug.run.name, ...outcome, milliseconds })}\n`);
}

async function run(index, bug) {
  const { error } = seeded[index];
  if (error !== undefined) throw new Error(error);
  return bug.run(index, bug);
}

async function explore(index, { caughtBy, depth }) {
  const explorer = await import(`../explorer/index.ts?bug=${index}`);
  const scenario = explorer.SCENARIOS.find(({ name }) => name === caughtBy);
  if (!scenario) throw new Error(`There is no scenario called "${caughtBy}".`);
  const { counterexample, states } = await explorer.explore(scenario, depth);
  return { counterexample, states };
}

async function play(index, { seed }) {
  const { sampleHistories } = await import(`../histories/check-histories.ts?bug=${index}`);
  const { play } = await import(`../histories/history.ts?bug=${index}`);
  let played = 0;
  for (const plan of sampleHistories(MAX_HISTORIES, seed)) {
    played += 1;
    const complaint = await play(plan).then(
      () => undefined,
      (error) => error.message,
    );
    if (complaint !== undefined) return { complaint, played };
  }
  return { played };
}

async function suffer(index, { caughtBy }) {
  const { DISTANT_FAULTS } = await import(`../distant/faults.ts?bug=${index}`);
  const fault = DISTANT_FAULTS.find(({ name }) => name === caughtBy);
  if (!fault) throw new Error(`There is no fault called "${caughtBy}".`);
  const complaint = await fault.run().then(
    () => undefined,
    (error) => error.message,
  );
  return { complaint };
}

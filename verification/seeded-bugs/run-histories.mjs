import { register } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Plays random histories with one seeded bug after the other, each in its own copy of the workspace's modules, until one
 * shows it, and writes one line of JSON for each: `{ name, played, complaint?, milliseconds }`.
 *
 * node --conditions=source verification/seeded-bugs/run-histories.mjs [--only <part of a name>]
 */
const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const root = join(import.meta.dirname, '../..');
/** A bug survives if this number of histories does not reveal it. */
const MOST = 300;

register('../support/typescript-hooks.mjs', import.meta.url);
const { HISTORY_BUGS } = await import('./history-bugs.ts');
const { seedBugs } = await import('./seed-bugs.ts');
const seeded = seedBugs(HISTORY_BUGS);
register('./bug-hooks.mjs', import.meta.url, { data: { seeded, root } });

for (const [index, bug] of HISTORY_BUGS.entries()) {
  if (values.only && !values.only.some((part) => bug.name.includes(part))) continue;
  process.stdout.write(`${JSON.stringify({ name: bug.name, ...(await playWith(index, bug)) })}\n`);
}

async function playWith(index, { seed }) {
  const began = performance.now();
  let played = 0;
  const outcome = (complaint) => ({ played, complaint, milliseconds: Math.round(performance.now() - began) });
  try {
    const { error } = seeded[index];
    if (error !== undefined) throw new Error(error);
    const { sampleHistories } = await import(`../histories/check-histories.ts?bug=${index}`);
    const { play } = await import(`../histories/history.ts?bug=${index}`);
    for (const plan of sampleHistories(MOST, seed)) {
      played += 1;
      const complaint = await play(plan).then(
        () => undefined,
        (error) => error.message,
      );
      if (complaint !== undefined) return outcome(complaint);
    }
    return outcome();
  } catch (error) {
    return outcome(`It cannot be played: ${error}`);
  }
}

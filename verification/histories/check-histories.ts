import fc from 'fast-check';

import { commands } from './command.js';
import { play, type HistoryPlan, type HistoryReport } from './history.js';

const PAGES = 2;
const LONGEST = 10;
const EVERY = 1_000;

const plan = fc.record({
  seed: fc.nat(),
  pages: fc.integer({ min: 1, max: PAGES }),
  keepBroker: fc.boolean(),
  // Frequent enough that some publications fall into a change of the transport, or rare and fast to play.
  tick: fc.constantFrom(50, 400, 1_600),
  commands: commands(PAGES, LONGEST),
});

/**
 * The first histories that grow from a seed.
 *
 * @public The runner of the seeded bugs imports it at run time.
 */
export function sampleHistories(histories: number, seed: number): readonly HistoryPlan[] {
  return fc.sample(plan, { numRuns: histories, seed });
}

/**
 * Plays random histories from `STATEWIRE_SEED`, or from another seed each time, which is printed.
 *
 * @returns the number of played histories.
 * @throws Error with what was wrong, the seed and the shortest history that still fails.
 */
export async function checkHistories(
  histories: number,
  fixed?: number,
  playOne: (plan: HistoryPlan) => Promise<Pick<HistoryReport, 'duration'>> = play,
): Promise<number> {
  const given = fixed ?? process.env['STATEWIRE_SEED'];
  const seed = given !== undefined && given !== '' ? Number(given) : Math.floor(Math.random() * 2 ** 31);
  say(`${histories} histories from STATEWIRE_SEED=${seed}`);
  const began = performance.now();
  let played = 0;
  let virtual = 0;
  const property = fc.asyncProperty(plan, async (history) => {
    virtual += (await playOne(history)).duration;
    played += 1;
    if (played % EVERY === 0) say(`${played} histories`);
  });
  const details = await fc.check(property, { numRuns: histories, seed });
  if (details.failed) {
    const [found] = details.counterexample ?? [];
    const shortest = found && (await withoutNeedless(found, playOne));
    const lines = [
      String(details.errorInstance),
      await fc.asyncDefaultReportMessage(details),
      `The shortest history that still fails: ${JSON.stringify(shortest)}`,
      `npm run simulate -- --histories ${histories} --seed ${seed} plays it again.`,
    ];
    throw new Error(lines.join('\n'), { cause: details.errorInstance });
  }
  const seconds = (performance.now() - began) / 1_000;
  say(`${played} histories, ${(virtual / 3_600_000).toFixed(1)} h of virtual time, in ${seconds.toFixed(1)} s`);
  return played;
}

/** fast-check removes commands from the front. This removes every command that the failure does not need. */
async function withoutNeedless(
  plan: HistoryPlan,
  playOne: (plan: HistoryPlan) => Promise<unknown>,
): Promise<HistoryPlan> {
  for (const index of plan.commands.keys()) {
    const shorter = { ...plan, commands: plan.commands.toSpliced(index, 1) };
    const stillFails = await playOne(shorter).then(
      () => false,
      () => true,
    );
    if (stillFails) return withoutNeedless(shorter, playOne);
  }
  return plan;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

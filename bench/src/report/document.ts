import type { ScenarioResult } from './results.js';
import { table } from './table.js';
import { targetTable } from './targets.js';

/**
 * Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` by the results of the scenario NAME, and
 * `targets` by the table of targets. Scenarios that did not run keep their text. @throws Error if a marker has no end.
 */
export function withResults(document: string, scenarios: readonly ScenarioResult[]): string {
  const texts = new Map(scenarios.map((scenario) => [scenario.name, sectionOf(scenario)]));
  texts.set('targets', targetTable(scenarios));
  return document.replace(
    /<!-- bench:([\w-]+) -->[^]*?<!-- (\/bench:[\w-]+) -->/g,
    (whole, name: string, end: string) => {
      if (end !== `/bench:${name}`) throw new Error(`The marker bench:${name} has no end.`);
      const content = texts.get(name);
      return content === undefined ? whole : `<!-- bench:${name} -->\n\n${content}\n\n<!-- ${end} -->`;
    },
  );
}

/** The table of a scenario and what is to know about its figures. */
export function sectionOf(scenario: ScenarioResult): string {
  return [scenario.about, table(scenario), notesOf(scenario).join('\n')].join('\n\n');
}

function notesOf({ rounds, machine, base, maxLoadShare, notRun, discarded }: ScenarioResult): readonly string[] {
  const { node, cores, processor, date, commit, load } = machine;
  return [
    `- ${rounds === 1 ? 'One round.' : `Medians of ${rounds} rounds (10th to 90th percentile).`} Node ${node.slice(1)}, ` +
      `${cores} cores (${processor}), loopback, ${date}, commit ${commit}, load of the machine before it ${load.toFixed(1)}.`,
    ...(base === undefined ? [] : [`- "×" is the multiple of "${base}" in the same round.`]),
    ...(maxLoadShare === undefined
      ? []
      : [`- The load process was busy for at most ${Math.round(maxLoadShare * 100)} % of the time.`]),
    ...notRun.map(({ arm, reason }) => `- Not run: ${arm} (${reason}).`),
    ...discarded.map(({ arm, metric, reason }) => `- Discarded: ${arm}, ${metric} (${reason}).`),
  ];
}

import { AREAS } from './areas.mjs';

/** The minimum score. */
const TARGET = 0.9;

/**
 * Prints a table per file and area, and the surviving mutants with their places.
 *
 * @returns the exit code: 1 if an area, or a whole sample, is below the minimum score.
 */
export function report(results, { planned, isSample, stale }) {
  const tried = results.filter(({ equivalent }) => equivalent === undefined);
  const survivors = tried.filter(({ killedBy }) => killedBy === undefined);
  for (const { mutant } of survivors) {
    console.log(`survived: ${mutant.file}:${mutant.line}:${mutant.column} in ${mutant.symbol}`);
    console.log(`    ${mutant.from}  →  ${mutant.to}`);
  }
  for (const { package: name, symbol, from, to } of stale)
    console.log(`listed as equivalent but gone: ${name} ${symbol}: ${from}  →  ${to}`);

  const rows = [];
  for (const [area, ofArea] of grouped(results, ({ area }) => area)) {
    for (const [file, ofFile] of grouped(ofArea, ({ mutant }) => mutant.file)) rows.push(rowOf(file, ofFile));
    rows.push(rowOf(`= ${area}`, ofArea));
  }
  console.log();
  printTable(['', 'mutants', 'equivalent', 'killed', 'survived', 'score'], rows);
  if (results.length < planned) console.log(`\n${planned - results.length} more were chosen, but the time was over.`);

  // A slice across areas has one score, because a single survivor of a small area would decide alone.
  const isSlice = isSample || results.length < planned;
  const judged = isSlice ? [['the slice', tried]] : [...grouped(tried, ({ area }) => area)];
  const below = judged.filter(([, group]) => scoreOf(group) < (isSlice ? leastOf(tried) : TARGET));
  for (const [area, group] of below) {
    const least = isSlice ? leastOf(tried) : TARGET;
    console.log(`\n${area}: ${percent(scoreOf(group))} killed, and ${percent(least)} is the least.`);
  }
  return below.length === 0 && stale.length === 0 ? 0 : 1;
}

/**
 * A slice fails if its score is more than two standard deviations below the score of its areas in
 * the last full run.
 */
function leastOf(tried) {
  const measuredOf = new Map(AREAS.map(({ name, measured }) => [name, measured]));
  const expected = tried.reduce((sum, { area }) => sum + measuredOf.get(area), 0) / Math.max(1, tried.length);
  return expected - 2 * Math.sqrt((expected * (1 - expected)) / Math.max(1, tried.length));
}

function rowOf(name, results) {
  const tried = results.filter(({ equivalent }) => equivalent === undefined);
  const killed = tried.filter(({ killedBy }) => killedBy !== undefined).length;
  const score = percent(scoreOf(tried));
  return [name, results.length, results.length - tried.length, killed, tried.length - killed, score];
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function scoreOf(tried) {
  return tried.length === 0 ? 1 : tried.filter(({ killedBy }) => killedBy !== undefined).length / tried.length;
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => String(row[column]).length)));
  for (const row of [head, ...rows]) {
    console.log(
      row.map((cell, at) => (at === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[at]))).join('  '),
    );
  }
}

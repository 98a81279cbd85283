const LEAST_SCORE = 0.9;

/**
 * Prints a table per file and area, and the survivors with their place.
 *
 * @returns the exit code: 1 where an area, or a sample as a whole, is below the least score.
 */
export function report(results, { planned, stale }) {
  const tried = results.filter(({ equivalent }) => equivalent === undefined);
  const survivors = tried.filter(({ killedBy }) => killedBy === undefined);
  for (const { mutant } of survivors) {
    console.log(`survived: ${mutant.file}:${mutant.line}:${mutant.column} in ${mutant.inside}`);
    console.log(`    ${mutant.from}  →  ${mutant.to}`);
  }
  for (const { file, from, to } of stale) console.log(`listed as equivalent but gone: ${file}: ${from}  →  ${to}`);

  const rows = [];
  for (const [area, ofArea] of grouped(results, ({ area }) => area)) {
    for (const [file, ofFile] of grouped(ofArea, ({ mutant }) => mutant.file)) rows.push(rowOf(file, ofFile));
    rows.push(rowOf(`= ${area}`, ofArea));
  }
  console.log();
  printTable(['', 'mutants', 'equivalent', 'killed', 'survived', 'score'], rows);
  if (results.length < planned) console.log(`\n${planned - results.length} more were chosen, but the time was over.`);

  // A slice across areas is judged as a whole: of few mutants of one area a single survivor would decide.
  const judged = results.length < 200 ? [tried] : [...grouped(tried, ({ area }) => area).values()];
  const isEnough = judged.every((group) => scoreOf(group) >= LEAST_SCORE);
  if (!isEnough) console.log(`\nBelow ${LEAST_SCORE * 100} % killed.`);
  return isEnough && stale.length === 0 ? 0 : 1;
}

function rowOf(name, results) {
  const tried = results.filter(({ equivalent }) => equivalent === undefined);
  const killed = tried.filter(({ killedBy }) => killedBy !== undefined).length;
  const score = `${(scoreOf(tried) * 100).toFixed(1)} %`;
  return [name, results.length, results.length - tried.length, killed, tried.length - killed, score];
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
    console.log(row.map((cell, at) => (at === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[at]))).join('  '));
  }
}

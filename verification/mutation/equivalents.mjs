import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Mutants that no test can distinguish from the original, each with a reason. A package, a symbol and the change identify them, so
 * that they stay valid when the symbol moves to another file. `symbol` names all declarations around the change.
 */
const EQUIVALENTS = JSON.parse(readFileSync(join(import.meta.dirname, 'equivalent-mutants.json'), 'utf8'));

/** @returns the reason why the mutant is equivalent; undefined if it is not listed. */
export function reasonOf(mutant) {
  return EQUIVALENTS.find((listed) => isIt(listed, mutant))?.reason;
}

/** @returns entries of the list that match no mutant in the files of their symbols. */
export function stale(all, index) {
  const files = new Set(all.map(({ mutant }) => mutant.file));
  return EQUIVALENTS.filter(
    (listed) => isDeclaredIn(files, listed, index) && !all.some(({ mutant }) => isIt(listed, mutant)),
  );
}

/** A symbol that the package does not declare any more counts as declared here: its entry is stale in every run. */
function isDeclaredIn(files, { package: packageName, symbol }, index) {
  try {
    return files.has(index.fileOf(packageName, symbol.split('.')[0]));
  } catch {
    return true;
  }
}

function isIt({ package: packageName, symbol, from, to }, mutant) {
  return packageName === mutant.package && symbol === mutant.symbol && from === mutant.from && to === mutant.to;
}

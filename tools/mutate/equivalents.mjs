import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Mutants that no test can tell from the original, each with the reason. Found by what they change rather than by the
 * line, so that an edit elsewhere in the file leaves them valid; `inside`, a function's name, tells several of the same change apart.
 */
const EQUIVALENTS = JSON.parse(readFileSync(join(import.meta.dirname, 'equivalent-mutants.json'), 'utf8'));

/** @returns why the mutant is equivalent; undefined where it is not listed. */
export function reasonOf(mutant) {
  return EQUIVALENTS.find((listed) => isIt(listed, mutant))?.reason;
}

/** @returns entries of the list that fit no mutant any more. */
export function stale(all) {
  const files = new Set(all.map(({ mutant }) => mutant.file));
  return EQUIVALENTS.filter((listed) => files.has(listed.file) && !all.some(({ mutant }) => isIt(listed, mutant)));
}

function isIt({ file, from, to, inside }, mutant) {
  return (
    file === mutant.file && from === mutant.from && to === mutant.to && (inside ?? mutant.inside) === mutant.inside
  );
}

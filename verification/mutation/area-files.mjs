import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { root } from '../../tools/lib/workspace.mjs';
import { NOT_SPECS } from './areas.mjs';

/**
 * Finds the files of an area.
 *
 * @param area an entry of `AREAS`.
 * @param index a `SourceIndex`.
 * @returns its name and package, its files from the root of the workspace, and absolute paths of its specs.
 * @throws Error if a symbol is missing or ambiguous, or if there is no spec where one is expected.
 */
export function filesOf({ name, package: packageName, symbols, specsBesides = [], specs = [] }, index) {
  const fileOf = (symbol) => index.fileOf(packageName, symbol);
  const files = [...new Set(symbols.map(fileOf))];
  const folders = new Set([...symbols, ...specsBesides].map((symbol) => `${dirname(fileOf(symbol))}/`));
  const prefixes = [...folders, ...specs.map((prefix) => `libs/${packageName}/${prefix}`)];
  return { area: name, package: packageName, files, specs: prefixes.flatMap(specsAt) };
}

/** Spec files whose path begins with the prefix, without those of folders below. */
function specsAt(prefix) {
  const folder = prefix.endsWith('/') ? prefix : dirname(prefix);
  const start = prefix.endsWith('/') ? '' : basename(prefix);
  const specs = readdirSync(join(root, folder))
    .filter((name) => name.startsWith(start) && name.endsWith('.spec.ts'))
    .map((name) => join(root, folder, name));
  if (specs.length === 0 && !prefix.endsWith('/')) throw new Error(`No spec begins with ${prefix}.`);
  return specs.filter((spec) => !NOT_SPECS.test(spec));
}

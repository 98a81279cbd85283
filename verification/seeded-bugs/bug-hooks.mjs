import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compile } from '../support/compile.mjs';

/** Marks the modules of a copy of the workspace with one seeded bug. */
const MARK = '?bug=';

let seeded;
let root;

export function initialize(data) {
  ({ seeded, root } = data);
}

/** Marks the imports of a marked module too, so that each bug has its own copy of the workspace. */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const mark = markOf(context.parentURL ?? '');
  if (mark === undefined || !resolved.url.endsWith('.ts')) return resolved;
  return { ...resolved, url: resolved.url + mark };
}

export async function load(url, context, next) {
  const mark = markOf(url);
  if (mark === undefined) return next(url, context);
  const path = fileURLToPath(url.slice(0, -mark.length));
  const file = relative(root, path).replaceAll(sep, '/');
  const { sources } = seeded[Number(mark.slice(MARK.length))];
  const source = sources[file] ?? readFileSync(path, 'utf8');
  return { format: 'module', source: compile(source, path), shortCircuit: true };
}

function markOf(url) {
  const start = url.indexOf(MARK);
  return start < 0 ? undefined : url.slice(start);
}

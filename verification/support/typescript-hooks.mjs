import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { compile } from './compile.mjs';

/** `./x.js` is written where `./x.ts` is meant, as TypeScript wants it. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.includes('.ts')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(url)) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  return { format: 'module', source: compile(readFileSync(path, 'utf8'), path), shortCircuit: true };
}

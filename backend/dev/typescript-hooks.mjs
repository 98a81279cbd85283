import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { transform } from '@swc/core';

import { swcOptions } from '../../tools/lib/swc-options.mjs';

/** Sources import each other as `./x.js`, because that is what they are once built. */
export async function resolve(specifier, context, nextResolve) {
  const isOurs = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
  return nextResolve(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...swcOptions(), filename });
  return { format: 'module', source: code, shortCircuit: true };
}

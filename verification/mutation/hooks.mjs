import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { transform } from '@swc/core';

import { swcOptions } from '../../tools/lib/swc-options.mjs';

let instrumented = {};
let harness = '';
let fewerRuns = '';

export function initialize(data) {
  ({ instrumented, harness, fewerRuns } = data);
}

/** Sources import each other as `./x.js`; the tests' `@jest/globals` is the harness that runs them in this process. */
export async function resolve(specifier, context, nextResolve) {
  if (specifier === '@jest/globals' && context.parentURL !== harness) return { url: harness, shortCircuit: true };
  if (specifier === 'fast-check' && context.parentURL?.endsWith('.ts')) return { url: fewerRuns, shortCircuit: true };
  const isOurs = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
  return nextResolve(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(instrumented[filename] ?? filename, 'utf8'), {
    ...swcOptions({ sourceMaps: false }),
    filename,
  });
  return { format: 'module', source: code, shortCircuit: true };
}

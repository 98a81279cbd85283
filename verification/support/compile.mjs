import { transformSync } from '@swc/core';

import { swcOptions } from '../../tools/lib/swc-options.mjs';
import { openPrivateNames } from './open-private-names.mjs';

const compiled = new Map();

/** TypeScript to the JavaScript that Jest's preset makes of it; once for each source. */
export function compile(source, filename) {
  const cached = compiled.get(filename);
  if (cached?.source === source) return cached.code;
  const code = transform(source, filename);
  compiled.set(filename, { source, code });
  return code;
}

function transform(source, filename) {
  return transformSync(openPrivateNames(source, filename), { ...swcOptions(), filename, configFile: false }).code;
}

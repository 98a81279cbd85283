import { transformSync } from '@swc/core';

const compiled = new Map();

/** TypeScript to the JavaScript that Jest's preset makes of it; once for each source. */
export function compile(source, filename) {
  const known = compiled.get(filename);
  if (known?.source === source) return known.code;
  const code = transform(source, filename);
  compiled.set(filename, { source, code });
  return code;
}

function transform(source, filename) {
  return transformSync(source, {
    filename,
    swcrc: false,
    configFile: false,
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  }).code;
}

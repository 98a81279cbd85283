/**
 * The options to compile TypeScript without a build: in Jest, in `npm run dev`, in `verification/`.
 *
 * @param {{ decorators?: boolean, sourceMaps?: 'inline' | false }} [options]
 */
export function swcOptions({ decorators = true, sourceMaps = 'inline' } = {}) {
  return {
    swcrc: false,
    sourceMaps,
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators },
      transform: decorators ? { legacyDecorator: true, decoratorMetadata: true } : {},
    },
  };
}

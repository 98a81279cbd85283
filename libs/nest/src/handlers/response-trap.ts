/** Application code used an HTTP response in a realtime context, which has none. */
export class ResponseTouchedError extends Error {
  override readonly name = 'ResponseTouchedError';

  constructor(readonly property: string) {
    super(
      `A realtime context has no HTTP response, but the code used "${property}" of it. Return { code, message } instead.`,
    );
  }
}

/**
 * The result of `switchToHttp().getResponse()`. Throws on every use, so that an enhancer made for HTTP fails visibly.
 * Symbols and `then` are allowed, because logging and `await` read them.
 */
export const RESPONSE_TRAP: object = new Proxy(Object.freeze({}), {
  get(_target, property) {
    if (typeof property === 'symbol' || property === 'then') return undefined;
    throw new ResponseTouchedError(property);
  },
  set(_target, property) {
    throw new ResponseTouchedError(String(property));
  },
});

/** Something of the application reached for an HTTP response where there is none. */
export class ResponseTouchedError extends Error {
  override readonly name = 'ResponseTouchedError';

  constructor(readonly property: string) {
    super(
      `There is no response in a realtime context: "${property}" was asked of it. Return { code, message } instead.`,
    );
  }
}

/**
 * What `switchToHttp().getResponse()` gives. Throws on every use, so that an enhancer made for HTTP is found out instead
 * of answering nobody. Looking at symbols and at `then` is what logging and awaiting do, and is no use.
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

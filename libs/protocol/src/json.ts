/** Anything `JSON.parse` can give back. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Keys may be any string, `__proto__` and the empty one included. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Any value that `JSON.parse` can return. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. A key may be any string, including `__proto__` and the empty string. */
export interface JsonObject {
  /** Read own properties only: a key such as `constructor` must not reach the prototype. */
  readonly [key: string]: Json;
}

export function isContainer(value: Json): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

/** Like `Array.isArray`, which does not narrow to readonly arrays. */
export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

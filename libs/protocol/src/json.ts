/** Anything `JSON.parse` can give back. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Keys may be any string, `__proto__` and the empty one included. */
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isContainer(value: Json): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

/** `Array.isArray` does not narrow to readonly arrays. */
export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

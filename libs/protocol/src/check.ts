import type { Json } from './json.js';
import { ProtocolError } from './protocol-error.js';

/**
 * Validates an untrusted value and returns it as a `T`. `path` names the value in error messages, for example
 * `subscribe.topics[2].since.offset`.
 *
 * @throws ProtocolError `bad_request` if the value is not a `T`.
 */
export type Check<T> = (value: unknown, path: string) => T;

/** One check for each field of an object. */
export type FieldChecks<T> = { readonly [Name in keyof T]-?: Check<T[Name]> };

/**
 * Reports an invalid value. The message quotes the value if it is short.
 *
 * @throws ProtocolError `bad_request`, always.
 */
export function fail(path: string, expected: string, got: unknown): never {
  throw new ProtocolError('bad_request', `${path} must be ${expected}, got ${describe(got)}`);
}

/** Checks for a string that `accepts` returns true for. */
export function textWhere(expected: string, accepts: (text: string) => boolean): Check<string> {
  return (value, path) => (typeof value === 'string' && accepts(value) ? value : fail(path, expected, value));
}

/**
 * Checks for a number that `accepts` returns true for. JSON can contain infinity (`1e999`), so `accepts` must reject
 * it.
 */
export function numberWhere(expected: string, accepts: (number: number) => boolean): Check<number> {
  return (value, path) => (typeof value === 'number' && accepts(value) ? value : fail(path, expected, value));
}

/** Checks for a string that is not empty. Error messages never quote it. */
export const secret: Check<string> = (value, path) => {
  if (typeof value === 'string' && value !== '') return value;
  return fail(path, 'a string that is not empty', typeof value === 'string' ? '' : value);
};

export const boolean: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, 'true or false', value);

export const anyText: Check<string> = textWhere('a string', () => true);

/** Checks that there is a value. */
export const json: Check<Json> = (value, path) =>
  value === undefined ? fail(path, 'a JSON value', value) : (value as Json);

export function oneOf<const T extends string>(...texts: readonly T[]): Check<T> {
  const expected = texts.map((text) => JSON.stringify(text)).join(' or ');
  return (value, path) => texts.find((text) => text === value) ?? fail(path, expected, value);
}

/** Makes a field optional. `null` does not count as missing. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

export function listOf<T>(check: Check<T>, least = 0): Check<readonly T[]> {
  const expected = least === 0 ? 'an array' : `an array of at least ${least}`;
  return (value, path) =>
    Array.isArray(value) && value.length >= least
      ? value.map((item: unknown, index) => check(item, `${path}[${index}]`))
      : fail(path, expected, value);
}

/** Checks for an object with these fields. The result omits all other fields. */
export function objectOf<T extends object>(checks: FieldChecks<T>): Check<T> {
  const fields = Object.entries<Check<unknown>>(checks);
  return (value, path) => {
    if (!isRecord(value)) return fail(path, 'an object', value);
    const result: Record<string, unknown> = {};
    for (const [name, check] of fields) {
      const field = check(Object.hasOwn(value, name) ? value[name] : undefined, `${path}.${name}`);
      if (field !== undefined) result[name] = field;
    }
    return result as T;
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_QUOTED_LENGTH = 64;

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string' && value.length > MAX_QUOTED_LENGTH) return `a string of ${value.length} characters`;
  return typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean | null}`;
}

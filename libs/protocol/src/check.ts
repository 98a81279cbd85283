import type { Json } from './json.js';
import { ProtocolError } from './protocol-error.js';

/**
 * Turns what came from outside into a `T`, or complains. `path` names the value in complaints:
 * `subscribe.topics[2].since.offset`.
 */
export type Check<T> = (value: unknown, path: string) => T;

/** A check for each field of an object. */
export type FieldChecks<T> = { readonly [Name in keyof T]-?: Check<T[Name]> };

/** Says what is wrong with a value. What was got is quoted where it is short. */
export function complain(path: string, expected: string, got: unknown): never {
  throw new ProtocolError('bad_request', `${path} must be ${expected}, got ${describe(got)}`);
}

/** A string that a test accepts. */
export function textWhere(expected: string, accepts: (text: string) => boolean): Check<string> {
  return (value, path) => (typeof value === 'string' && accepts(value) ? value : complain(path, expected, value));
}

/** A number that a test accepts. JSON can spell infinity (`1e999`), so every test has to refuse it. */
export function numberWhere(expected: string, accepts: (number: number) => boolean): Check<number> {
  return (value, path) => (typeof value === 'number' && accepts(value) ? value : complain(path, expected, value));
}

/** A string that no complaint may quote. */
export const secret: Check<string> = (value, path) => {
  if (typeof value === 'string' && value !== '') return value;
  return complain(path, 'a string that is not empty', typeof value === 'string' ? '' : value);
};

export const boolean: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : complain(path, 'true or false', value);

export const anyText: Check<string> = textWhere('a string', () => true);

/** Any value, but there must be one. */
export const json: Check<Json> = (value, path) =>
  value === undefined ? complain(path, 'a JSON value', value) : (value as Json);

export function oneOf<const T extends string>(...texts: readonly T[]): Check<T> {
  const expected = texts.map((text) => JSON.stringify(text)).join(' or ');
  return (value, path) => texts.find((text) => text === value) ?? complain(path, expected, value);
}

/** A field that may be missing. `null` is not missing. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

export function listOf<T>(check: Check<T>, least = 0): Check<readonly T[]> {
  const expected = least === 0 ? 'an array' : `an array of at least ${least}`;
  return (value, path) =>
    Array.isArray(value) && value.length >= least
      ? value.map((item: unknown, index) => check(item, `${path}[${index}]`))
      : complain(path, expected, value);
}

/** An object with these fields. The result has no others, so that nothing unknown travels on. */
export function objectOf<T extends object>(checks: FieldChecks<T>): Check<T> {
  const fields = Object.entries<Check<unknown>>(checks);
  return (value, path) => {
    if (!isRecord(value)) return complain(path, 'an object', value);
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

const LONGEST_QUOTE = 64;

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string' && value.length > LONGEST_QUOTE) return `a string of ${value.length} characters`;
  return typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean | null}`;
}

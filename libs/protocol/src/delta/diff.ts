import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import { DESCEND, MAX_DELTA_DEPTH, REMOVE, SET, SPLICE, type Changes, type Delta } from './delta.js';
import { isEqual } from './equal.js';

type List = readonly Json[];

/** Maximum number of elements dropped from the front of a list that `diff` still detects as a shift. */
const MAX_SHIFT = 64;

/** The changes inside a value, `replaced` if setting the whole value is shorter, or undefined if nothing changed. */
type Difference = Changes | 'replaced' | undefined;

/**
 * Computes the delta from one JSON value to another. Both must be JSON projections (`JSON.parse(JSON.stringify(x))`).
 * An object that is identical in both is not compared.
 *
 * @returns a delta for which `applyDelta(before, diff(before, after))` equals `after`; `{}` if nothing changed.
 * @example diff({ hp: 10, name: 'Ann' }, { hp: 7, name: 'Ann' }) // { '=hp': 7 }
 */
export function diff(before: Json, after: Json): Delta {
  const difference = compare(before, after, 0);
  return difference === 'replaced' ? [after] : (difference ?? {});
}

function compare(before: Json, after: Json, depth: number): Difference {
  if (before === after) return undefined;
  if (!isContainer(before) || !isContainer(after) || depth >= MAX_DELTA_DEPTH) return 'replaced';
  if (isArray(before)) return isArray(after) ? diffArrays(before, after, depth) : 'replaced';
  return isArray(after) ? 'replaced' : diffObjects(before, after, depth);
}

function diffObjects(before: JsonObject, after: JsonObject, depth: number): Difference {
  const changes: Record<string, Json> = {};
  let common = 0;
  let keepsAny = false;
  for (const key of Object.keys(after)) {
    const next = after[key] as Json;
    const isCommon = Object.hasOwn(before, key);
    if (isCommon) common += 1;
    const difference = isCommon ? compare(before[key] as Json, next, depth + 1) : 'replaced';
    if (difference === 'replaced') changes[SET + key] = next;
    else keepsAny = true;
    if (typeof difference === 'object') changes[DESCEND + key] = difference;
  }
  const previous = Object.keys(before);
  if (common < previous.length) {
    for (const key of previous) if (!Object.hasOwn(after, key)) changes[REMOVE + key] = 0;
  }
  return summarize(changes, keepsAny);
}

/**
 * Compares two arrays. If elements were dropped from the front and others pushed, the result is two splices. Otherwise,
 * if the lengths differ, the result is one splice between the common prefix and the common suffix. Arrays of the same
 * length are compared element by element.
 */
function diffArrays(before: List, after: List, depth: number): Difference {
  const shift = findShift(before, after, depth + 1);
  if (shift > 0) return diffShifted(before, after, shift);
  return before.length === after.length ? diffElements(before, after, depth) : diffEnds(before, after, depth);
}

function diffElements(before: List, after: List, depth: number): Difference {
  const changes: Record<string, Json> = {};
  let keepsAny = false;
  for (const [index, next] of after.entries()) {
    const difference = compare(before[index] as Json, next, depth + 1);
    if (difference === 'replaced') changes[`${SET}${index}`] = next;
    else keepsAny = true;
    if (typeof difference === 'object') changes[`${DESCEND}${index}`] = difference;
  }
  return summarize(changes, keepsAny);
}

function diffEnds(before: List, after: List, depth: number): Difference {
  const shorter = Math.min(before.length, after.length);
  const isSame = (a: number, b: number) => isEqual(before[a] as Json, after[b] as Json, depth + 1);
  let prefix = 0;
  while (prefix < shorter && isSame(prefix, prefix)) prefix += 1;
  let suffix = 0;
  while (suffix < shorter - prefix && isSame(before.length - 1 - suffix, after.length - 1 - suffix)) suffix += 1;
  const removed = before.length - prefix - suffix;
  const items = after.slice(prefix, after.length - suffix);
  return summarize({ [`${SPLICE}${prefix}`]: [removed, ...items] }, prefix + suffix > 0);
}

function diffShifted(before: List, after: List, shift: number): Difference {
  const overlap = before.length - shift;
  const changes: Record<string, Json> = { [`${SPLICE}0`]: [shift] };
  if (after.length > overlap) changes[`${SPLICE}${before.length}`] = [0, ...after.slice(overlap)];
  return changes;
}

/** @returns the number of elements dropped from the front, if all others stayed and are at least half; otherwise 0. */
function findShift(before: List, after: List, depth: number): number {
  if (isEqual(before[0] as Json, after[0] as Json, depth)) return 0;
  const longest = Math.min(MAX_SHIFT, before.length / 2);
  for (let shift = 1; shift <= longest; shift++) {
    const staysAt = (index: number) => isEqual(before[shift + index] as Json, after[index] as Json, depth);
    let stayed = 0;
    while (shift + stayed < before.length && staysAt(stayed)) stayed += 1;
    if (shift + stayed === before.length) return shift;
  }
  return 0;
}

/** If no part of the old value remains, setting the whole value is shorter. */
function summarize(changes: Changes, keepsAny: boolean): Difference {
  for (const _ in changes) return keepsAny ? changes : 'replaced';
  return undefined;
}

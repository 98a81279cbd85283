import type { Json } from '../json.js';

/** The operations: one character in front of a key of an object or an index of an array. */
export const SET = '=';
export const DESCEND = '>';
export const REMOVE = '-';
export const SPLICE = '~';

/** Maximum nesting of `>`. Below it `diff` sets whole values. `applyDelta` rejects a deeper delta. */
export const MAX_DELTA_DEPTH = 64;

/**
 * The changes inside one object or array:
 *
 * - `"=key": value` sets a key of an object, or an index of an array;
 * - `">key": changes` changes the existing object or array at the key or index;
 * - `"-key": 0` removes a key of an object;
 * - `"~index": [count, ...items]` removes `count` elements of an array from `index` on and inserts `items` there.
 *
 * All indices are those of the array before the changes.
 */
export interface Changes {
  /** The key is the operation and then a key of the object, or an index of the array. */
  readonly [operation: string]: Json;
}

/** Turns one JSON value into another: `[value]` replaces the value, changes alter it, and `{}` keeps it. */
export type Delta = readonly [Json] | Changes;

/** Returns whether a patch is shorter than a snapshot. If not, the server sends the snapshot. */
export function isDeltaSmaller(deltaText: string, valueText: string): boolean {
  return deltaText.length < valueText.length;
}

/** A malformed delta, or a delta that does not fit the value. */
export class DeltaError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'DeltaError';
}

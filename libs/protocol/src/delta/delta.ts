import type { Json } from '../json.js';

/** Operations on the keys of an object or the indices of an array: one character in front of each. */
export const SET = '=';
export const DESCEND = '>';
export const REMOVE = '-';
export const SPLICE = '~';

/** Deepest nesting of `>`. Below it a diff sets whole values, and a deeper delta is refused. */
export const MAX_DELTA_DEPTH = 64;

/**
 * What changes inside one object or array:
 *
 * - `"=key": value` sets a key of an object, or an index of an array;
 * - `">key": changes` descends into the object or array that is there;
 * - `"-key": 0` removes a key of an object;
 * - `"~index": [count, ...items]` removes `count` elements of an array from `index` on and puts `items` there.
 *
 * All indices are those of the array as it was before.
 */
export interface Changes {
  readonly [operation: string]: Json;
}

/** Turns one JSON value into another: `[value]` replaces it, changes alter it, and no changes (`{}`) leave it alone. */
export type Delta = readonly [Json] | Changes;

/** Whether a patch is worth sending: where the delta is not shorter than the value, a snapshot is sent instead. */
export function isDeltaSmaller(deltaText: string, valueText: string): boolean {
  return deltaText.length < valueText.length;
}

/** A delta that is malformed or does not fit the value it was applied to. */
export class DeltaError extends Error {
  override readonly name = 'DeltaError';
}

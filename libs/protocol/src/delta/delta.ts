import type { Json } from '../json.js';

/** The operations: one character in front of a key of an object or an index of an array. */
export const SET = '=';
export const DESCEND = '>';
export const REMOVE = '-';
export const SPLICE = '~';
export const MOVE = '<';
export const APPEND = '+';

/** Maximum nesting of `>`. Below it `diff` sets whole values. `applyDelta` rejects a deeper delta. */
export const MAX_DELTA_DEPTH = 64;

/** An operation that a client names in `deltas`, because not every client of version 1 knows it. */
export type DeltaCapability = 'move' | 'append';

/** The capabilities that `applyDelta` has. */
export const DELTA_CAPABILITIES: readonly DeltaCapability[] = ['move', 'append'];

/**
 * The changes inside one object, array or text:
 *
 * - `"=key": value` sets a key of an object, or an index of an array;
 * - `">key": changes` changes the existing object, array or text at the key or index;
 * - `"-key": 0` removes a key of an object;
 * - `"~index": [count, ...items]` removes `count` elements of an array from `index` on and inserts `items` there;
 * - `"<index": [...sources]` moves elements of an array to `index`: a source is the index of an element, or an array of
 *   new items (capability `move`);
 * - `"+": text` appends to a text (capability `append`).
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

/**
 * Returns the capabilities that a reader of the delta needs. Reads only the JSON text. It may name a capability that
 * the delta does not use, if the delta sets a key or text that looks like its operation.
 */
export function requiredCapabilities(deltaText: string): readonly DeltaCapability[] {
  const required: DeltaCapability[] = [];
  if (/"<\d+":/.test(deltaText)) required.push('move');
  if (deltaText.includes('"+":')) required.push('append');
  return required;
}

/** A malformed delta, or a delta that does not fit the value. */
export class DeltaError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'DeltaError';
}

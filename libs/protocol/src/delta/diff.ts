import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import {
  APPEND,
  DELTA_CAPABILITIES,
  DESCEND,
  MAX_DELTA_DEPTH,
  REMOVE,
  SET,
  type Delta,
  type DeltaCapability,
} from './delta.js';
import { ListDiff, summarize, type Difference } from './list-diff.js';

/** Minimum length of a text to which `diff` appends. Setting a shorter text is not longer. */
const MIN_APPENDED_LENGTH = 16;

/** How `diff` compares two values. */
export interface DiffOptions {
  /** Name of the field that identifies the rows of lists. Fallback, and default: `id`, `key` and `_id`. */
  readonly rowKey?: string | undefined;
  /** The optional operations that the delta may use. Default: all. */
  readonly capabilities?: readonly DeltaCapability[];
}

/**
 * Computes the delta from one JSON value to another. Both must be JSON projections (`JSON.parse(JSON.stringify(x))`).
 * An object that is identical in both is not compared. Rows of lists are matched by their identity, other elements by
 * their content.
 *
 * @returns a delta for which `applyDelta(before, diff(before, after))` equals `after`; `{}` if nothing changed.
 * @example diff({ hp: 10, name: 'Ann' }, { hp: 7, name: 'Ann' }) // { '=hp': 7 }
 */
export function diff(before: Json, after: Json, options: DiffOptions = {}): Delta {
  const { rowKey, capabilities = DELTA_CAPABILITIES } = options;
  const mayAppend = capabilities.includes('append');
  const rowKeys = ['id', 'key', '_id'];
  if (rowKey !== undefined) rowKeys.unshift(rowKey);
  const lists = new ListDiff(rowKeys, capabilities.includes('move'), compare);
  const difference = compare(before, after, 0);
  return difference === 'replaced' ? [after] : (difference ?? {});

  function compare(a: Json, b: Json, depth: number): Difference {
    if (a === b) return undefined;
    if (depth >= MAX_DELTA_DEPTH) return 'replaced';
    if (mayAppend && typeof a === 'string' && typeof b === 'string') return diffTexts(a, b);
    if (!isContainer(a) || !isContainer(b)) return 'replaced';
    if (isArray(a)) return isArray(b) ? lists.diff(a, b, depth) : 'replaced';
    return isArray(b) ? 'replaced' : diffObjects(a, b, depth);
  }

  function diffObjects(a: JsonObject, b: JsonObject, depth: number): Difference {
    const changes: Record<string, Json> = {};
    const previous = Object.keys(a);
    const keys = Object.keys(b);
    let common = 0;
    let keepsAny = false;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const next = b[key] as Json;
      // Values of one type have their keys in one order.
      const isCommon = previous[index] === key || Object.hasOwn(a, key);
      if (isCommon) common += 1;
      const difference = isCommon ? compare(a[key] as Json, next, depth + 1) : 'replaced';
      if (difference === 'replaced') changes[SET + key] = next;
      else keepsAny = true;
      if (typeof difference === 'object') changes[DESCEND + key] = difference;
    }
    if (common < previous.length) {
      for (const key of previous) if (!Object.hasOwn(b, key)) changes[REMOVE + key] = 0;
    }
    return summarize(changes, keepsAny);
  }
}

function diffTexts(before: string, after: string): Difference {
  const { length } = before;
  if (length < MIN_APPENDED_LENGTH || !after.startsWith(before)) return 'replaced';
  // A cut between the two halves of a surrogate pair has no UTF-8.
  return after.codePointAt(length - 1)! > 0xffff ? 'replaced' : { [APPEND]: after.slice(length) };
}

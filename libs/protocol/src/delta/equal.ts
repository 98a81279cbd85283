import { isArray, isContainer, type Json } from '../json.js';
import { MAX_DELTA_DEPTH } from './delta.js';

/**
 * Returns whether two JSON values are equal. The order of keys has no effect. Below {@link MAX_DELTA_DEPTH} only
 * identical values count as equal, which can make a delta larger but never wrong.
 */
export function isEqual(a: Json, b: Json, depth: number): boolean {
  if (a === b) return true;
  if (!isContainer(a) || !isContainer(b) || depth >= MAX_DELTA_DEPTH) return false;
  if (isArray(a)) {
    return isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index] as Json, depth + 1));
  }
  if (isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] as Json, b[key] as Json, depth + 1))
  );
}

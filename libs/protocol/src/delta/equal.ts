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
    if (!isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) {
      if (!isEqual(a[index] as Json, b[index] as Json, depth + 1)) return false;
    }
    return true;
  }
  if (isArray(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (others[index] !== key && !Object.hasOwn(b, key)) return false;
    if (!isEqual(a[key] as Json, b[key] as Json, depth + 1)) return false;
  }
  return true;
}

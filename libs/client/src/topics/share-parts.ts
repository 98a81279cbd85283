import type { Json } from '@statewire/protocol';

/** Fields that identify the rows of a list if the contract names no other. */
const ROW_KEYS: readonly string[] = ['id', 'key', '_id'];

/**
 * Puts the equal parts of `before` into `after`, so that unchanged parts keep their identity. Finds the rows of a list
 * by the field `rowKey`, `id`, `key` or `_id`, and other elements by their place. Changes `after`, and not `before`.
 *
 * @returns `after`, or `before` if both are equal.
 */
export function shareParts(before: Json | undefined, after: Json, rowKey?: string): Json {
  return share(before, after, rowKey === undefined ? ROW_KEYS : [rowKey, ...ROW_KEYS]);
}

function share(before: Json | undefined, after: Json, rowKeys: readonly string[]): Json {
  if (!isContainer(before) || !isContainer(after)) return after;
  if (Array.isArray(before)) return Array.isArray(after) ? shareList(before, after, rowKeys) : after;
  if (Array.isArray(after)) return after;
  const target: Record<string, Json> = after;
  const keys = Object.keys(after);
  let isEqual = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const former = Object.hasOwn(before, key) ? before[key] : undefined;
    const part = share(former, after[key]!, rowKeys);
    isEqual &&= part === former;
    // An assignment to `__proto__` would set the prototype.
    if (key !== '__proto__') target[key] = part;
  }
  return isEqual ? before : after;
}

function shareList(before: readonly Json[], after: Json[], rowKeys: readonly string[]): Json {
  let isEqual = before.length === after.length;
  let rows: Map<Json, Json> | undefined;
  for (const [index, element] of after.entries()) {
    const key = keyOf(element, rowKeys);
    let former = before[index];
    if (key !== undefined && keyOf(former, rowKeys) !== key) {
      rows ??= new Map(before.map((row) => [keyOf(row, rowKeys) ?? null, row]));
      former = rows.get(key);
    }
    after[index] = share(former, element, rowKeys);
    isEqual &&= after[index] === before[index];
  }
  return isEqual ? before : after;
}

function keyOf(row: Json | undefined, rowKeys: readonly string[]): string | number | undefined {
  if (!isContainer(row)) return undefined;
  for (const field of rowKeys) {
    const key = Object.hasOwn(row, field) ? row[field] : undefined;
    if (typeof key === 'string' || typeof key === 'number') return key;
  }
  return undefined;
}

function isContainer(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null;
}

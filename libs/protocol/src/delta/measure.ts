import { isArray, isContainer, type Json } from '../json.js';
import { MAX_DELTA_DEPTH } from './delta.js';

/** Characters at each end of a text that its fingerprint contains. */
const FINGERPRINT_CHARACTERS = 16;

/** Approximate length of the JSON text. Counts nothing below twice {@link MAX_DELTA_DEPTH}: a delta around a value. */
export function approximateLength(value: Json, depth = 0): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 10 ? 1 : 5;
  if (!isContainer(value)) return 4;
  let length = 2;
  if (depth > 2 * MAX_DELTA_DEPTH) return length;
  if (isArray(value)) {
    for (const item of value) length += 1 + approximateLength(item, depth + 1);
    return length;
  }
  for (const key of Object.keys(value)) length += 4 + key.length + approximateLength(value[key] as Json, depth + 1);
  return length;
}

/**
 * Returns a number that is the same for equal values. The order of keys has no effect. Different values may have the
 * same number.
 */
export function fingerprint(value: Json, depth: number): number {
  if (typeof value === 'string') return textFingerprint(value);
  if (typeof value === 'number') return Math.imul((value * 1_000_003) | 0, 31);
  if (!isContainer(value)) return value === null ? 7 : Number(value);
  if (depth >= MAX_DELTA_DEPTH) return 11;
  let sum = 13;
  if (isArray(value)) {
    for (const item of value) sum = (Math.imul(sum, 31) + fingerprint(item, depth + 1)) | 0;
    return sum;
  }
  for (const key of Object.keys(value)) {
    sum = (sum + Math.imul(textFingerprint(key) | 1, fingerprint(value[key] as Json, depth + 1) ^ 17)) | 0;
  }
  return sum;
}

function textFingerprint(text: string): number {
  const { length } = text;
  let sum = length;
  for (let index = 0; index < Math.min(length, FINGERPRINT_CHARACTERS); index++) {
    sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0;
    sum = (Math.imul(sum, 31) + text.charCodeAt(length - 1 - index)) | 0;
  }
  return sum;
}

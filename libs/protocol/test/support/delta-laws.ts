import { deepStrictEqual } from 'node:assert/strict';

import { applyDelta, diff, type DiffOptions, type Json } from '../../src/index.js';
import { project } from './battle.js';

/** Freezes a value at every depth, so that a change in place throws. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) freeze(child);
  }
  return value;
}

/** Checks that the delta, sent as text, leads exactly from one value to the other. */
export function assertExact(before: Json, after: Json, options?: DiffOptions): void {
  freeze(before);
  freeze(after);
  const delta = project(diff(before, after, options));
  deepStrictEqual(applyDelta(before, freeze(delta)), after);
}

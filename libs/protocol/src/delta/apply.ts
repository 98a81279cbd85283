import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import { DeltaError, DESCEND, MAX_DELTA_DEPTH, REMOVE, SET, SPLICE, type Changes } from './delta.js';

type List = readonly Json[];

interface Splice {
  readonly operation: string;
  readonly start: number;
  readonly end: number;
  /** The operand: the number of removed elements, then the inserted items. */
  readonly operand: List;
}

const INDEX = /^(?:0|[1-9][0-9]{0,15})$/;

/**
 * Applies a delta to a value without changing the value. The result shares all unchanged parts with the value, so that
 * they keep their identity.
 *
 * @throws DeltaError, and no other error, if the delta is malformed or does not fit the value.
 * @example applyDelta({ hp: 10, name: 'Ann' }, { '=hp': 7 }) // { hp: 7, name: 'Ann' }
 */
export function applyDelta(value: Json, delta: Json): Json {
  if (!isArray(delta)) return applyChanges(value, delta, 1);
  if (delta.length !== 1) throw new DeltaError(`A replacement must have exactly one value, got ${delta.length}`);
  return delta[0] as Json;
}

/** Applies the changes of a delta, or of a `>` inside it. */
function applyChanges(value: Json, changes: Json | undefined, depth: number): Json {
  if (depth > MAX_DELTA_DEPTH) throw new DeltaError(`The delta is deeper than ${MAX_DELTA_DEPTH} levels`);
  if (changes === undefined || !isContainer(changes) || isArray(changes))
    throw new DeltaError('Changes must be an object');
  const operations = Object.keys(changes);
  if (operations.length === 0) return value;
  if (!isContainer(value))
    throw new DeltaError(`There is nothing to change in ${value === null ? 'null' : `a ${typeof value}`}`);
  return isArray(value)
    ? applyToArray(value, changes, operations, depth)
    : applyToObject(value, changes, operations, depth);
}

function applyToObject(value: JsonObject, changes: Changes, operations: readonly string[], depth: number): JsonObject {
  const result: Record<string, Json> = { ...value };
  for (const operation of operations) {
    const key = operation.slice(1);
    const operand = changes[operation] as Json;
    switch (operation[0]) {
      case SET:
        setOwn(result, key, operand);
        break;
      case DESCEND:
        assertFits(Object.hasOwn(value, key) && !Object.hasOwn(changes, SET + key), operation);
        setOwn(result, key, applyChanges(value[key] as Json, operand, depth + 1));
        break;
      case REMOVE:
        assertFits(Object.hasOwn(value, key) && operand === 0, operation);
        assertFits(!Object.hasOwn(changes, SET + key) && !Object.hasOwn(changes, DESCEND + key), operation);
        delete result[key];
        break;
      default:
        assertFits(false, operation);
    }
  }
  return result;
}

/** Sets an own key. A plain assignment to `__proto__` would set the prototype. */
function setOwn(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

function applyToArray(value: List, changes: Changes, operations: readonly string[], depth: number): List {
  const result = value.slice();
  const changed = new Set<number>();
  const splices: Splice[] = [];
  for (const operation of operations) {
    const index = readIndex(operation);
    const operand = changes[operation] as Json;
    switch (operation[0]) {
      case SPLICE:
        splices.push(readSplice(operation, index, operand, value.length));
        break;
      case SET:
      case DESCEND:
        assertFits(index < value.length && !changed.has(index), operation);
        changed.add(index);
        result[index] = operation.startsWith(SET) ? operand : applyChanges(value[index] as Json, operand, depth + 1);
        break;
      default:
        assertFits(false, operation);
    }
  }
  return splices.length === 0 ? result : applySplices(result, splices, changed);
}

function readIndex(operation: string): number {
  const text = operation.slice(1);
  assertFits(INDEX.test(text), operation);
  return Number(text);
}

function readSplice(operation: string, start: number, operand: Json, length: number): Splice {
  assertFits(isArray(operand), operation);
  const list = operand as List;
  const end = start + (Number.isSafeInteger(list[0]) ? (list[0] as number) : NaN);
  assertFits(end >= start && end <= length, operation);
  return { operation, start, end, operand: list };
}

/** Applies all splices at once, because their indices are those of the original array. */
function applySplices(list: List, splices: Splice[], changed: ReadonlySet<number>): List {
  splices.sort((a, b) => a.start - b.start);
  const result: Json[] = [];
  let cursor = 0;
  for (const { operation, start, end, operand } of splices) {
    assertFits(start >= cursor, operation);
    for (let index = start; index < end; index++) assertFits(!changed.has(index), operation);
    for (; cursor < start; cursor++) result.push(list[cursor] as Json);
    for (let index = 1; index < operand.length; index++) result.push(operand[index] as Json);
    cursor = end;
  }
  for (; cursor < list.length; cursor++) result.push(list[cursor] as Json);
  return result;
}

function assertFits(fits: boolean, operation: string): void {
  if (!fits) throw new DeltaError(`${JSON.stringify(operation.slice(0, 64))} does not fit the value it is applied to`);
}

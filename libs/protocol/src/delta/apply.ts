import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import { DeltaError, DESCEND, MAX_DELTA_DEPTH, REMOVE, SET, SPLICE, type Changes } from './delta.js';

type List = readonly Json[];

interface Splice {
  readonly operation: string;
  readonly start: number;
  readonly end: number;
  /** The operand: how many are removed, then what is put there. */
  readonly operand: List;
}

const INDEX = /^(?:0|[1-9][0-9]{0,15})$/;

/**
 * Applies a delta. The value is never changed: the result shares with it everything that the delta does not touch, so
 * that what did not change keeps its identity.
 *
 * @throws DeltaError, and nothing else, for whatever is not a delta of this value.
 * @example applyDelta({ hp: 10, name: 'Ann' }, { '=hp': 7 }) // { hp: 7, name: 'Ann' }
 */
export function applyDelta(value: Json, delta: Json): Json {
  if (!isArray(delta)) return applyChanges(value, delta, 1);
  if (delta.length !== 1) throw new DeltaError(`A replacement has one value, not ${delta.length}`);
  return delta[0] as Json;
}

/** What `>` does, and the delta itself where it is not a replacement. */
function applyChanges(value: Json, changes: Json | undefined, depth: number): Json {
  if (depth > MAX_DELTA_DEPTH) throw new DeltaError(`The delta is deeper than ${MAX_DELTA_DEPTH} levels`);
  if (changes === undefined || !isContainer(changes) || isArray(changes)) throw new DeltaError('Changes are an object');
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
        demand(Object.hasOwn(value, key) && !Object.hasOwn(changes, SET + key), operation);
        setOwn(result, key, applyChanges(value[key] as Json, operand, depth + 1));
        break;
      case REMOVE:
        demand(Object.hasOwn(value, key) && operand === 0, operation);
        demand(!Object.hasOwn(changes, SET + key) && !Object.hasOwn(changes, DESCEND + key), operation);
        delete result[key];
        break;
      default:
        demand(false, operation);
    }
  }
  return result;
}

/** Plain assignment to `__proto__` would set the prototype instead of a key. */
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
        demand(index < value.length && !changed.has(index), operation);
        changed.add(index);
        result[index] = operation.startsWith(SET) ? operand : applyChanges(value[index] as Json, operand, depth + 1);
        break;
      default:
        demand(false, operation);
    }
  }
  return splices.length === 0 ? result : applySplices(result, splices, changed);
}

function readIndex(operation: string): number {
  const text = operation.slice(1);
  demand(INDEX.test(text), operation);
  return Number(text);
}

function readSplice(operation: string, start: number, operand: Json, length: number): Splice {
  demand(isArray(operand), operation);
  const list = operand as List;
  const end = start + (Number.isSafeInteger(list[0]) ? (list[0] as number) : NaN);
  demand(end >= start && end <= length, operation);
  return { operation, start, end, operand: list };
}

/** Indices are those before any splice: the pieces between them are joined anew, which no order of keys can change. */
function applySplices(list: List, splices: Splice[], changed: ReadonlySet<number>): List {
  splices.sort((a, b) => a.start - b.start);
  const result: Json[] = [];
  let cursor = 0;
  for (const { operation, start, end, operand } of splices) {
    demand(start >= cursor, operation);
    for (let index = start; index < end; index++) demand(!changed.has(index), operation);
    for (; cursor < start; cursor++) result.push(list[cursor] as Json);
    for (let index = 1; index < operand.length; index++) result.push(operand[index] as Json);
    cursor = end;
  }
  for (; cursor < list.length; cursor++) result.push(list[cursor] as Json);
  return result;
}

function demand(fits: boolean, operation: string): void {
  if (!fits) throw new DeltaError(`${JSON.stringify(operation.slice(0, 64))} does not fit the value it is applied to`);
}

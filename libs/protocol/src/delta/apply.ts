import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import { APPEND, DeltaError, DESCEND, MAX_DELTA_DEPTH, MOVE, REMOVE, SET, SPLICE, type Changes } from './delta.js';

type List = readonly Json[];

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
  if (typeof value === 'string' && Object.hasOwn(changes, APPEND)) return appendTo(value, changes, operations);
  if (!isContainer(value))
    throw new DeltaError(`There is nothing to change in ${value === null ? 'null' : `a ${typeof value}`}`);
  return isArray(value)
    ? applyToArray(value, changes, operations, depth)
    : applyToObject(value, changes, operations, depth);
}

function appendTo(text: string, changes: Changes, operations: readonly string[]): string {
  const more = changes[APPEND];
  assertFits(typeof more === 'string' && operations.length === 1, APPEND);
  return text + (more as string);
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
  const elements = value.slice();
  const changed = new Set<number>();
  const rearranging = new Map<string, List>();
  for (const operation of operations) {
    const index = readIndex(operation);
    const operand = changes[operation] as Json;
    switch (operation[0]) {
      case SPLICE:
      case MOVE:
        assertFits(index <= value.length && isArray(operand), operation);
        rearranging.set(operation, operand as List);
        break;
      case SET:
      case DESCEND:
        assertFits(index < value.length && !changed.has(index), operation);
        changed.add(index);
        elements[index] = operation.startsWith(SET) ? operand : applyChanges(value[index] as Json, operand, depth + 1);
        break;
      default:
        assertFits(false, operation);
    }
  }
  return rearranging.size === 0 ? elements : rearrange(elements, rearranging, changed);
}

function readIndex(operation: string): number {
  const text = operation.slice(1);
  assertFits(INDEX.test(text), operation);
  return Number(text);
}

/** Applies all moves and splices at once, because their indices are those of the original array. */
function rearrange(elements: List, operands: ReadonlyMap<string, List>, changed: ReadonlySet<number>): List {
  const moved = new Set<number>();
  for (const [operation, operand] of operands) {
    if (operation.startsWith(SPLICE)) continue;
    for (const source of operand) {
      if (isArray(source)) continue;
      assertFits(isIndexBelow(source, elements.length) && !moved.has(source as number), operation);
      moved.add(source as number);
    }
  }
  const result: Json[] = [];
  for (let index = 0; index <= elements.length; index++) {
    for (const source of operands.get(MOVE + index) ?? []) {
      if (isArray(source)) for (const item of source) result.push(item);
      else result.push(elements[source as number] as Json);
    }
    const splice = operands.get(SPLICE + index);
    if (splice !== undefined) {
      const operation = SPLICE + index;
      const count = splice[0] as number;
      assertFits(isIndexBelow(count, elements.length - index + 1), operation);
      for (let item = 1; item < splice.length; item++) result.push(splice[item] as Json);
      for (let removed = index; removed < index + count; removed++) {
        assertFits(!changed.has(removed) && !moved.has(removed), operation);
        assertFits(removed === index || !(operands.has(SPLICE + removed) || operands.has(MOVE + removed)), operation);
      }
      if (count > 0) {
        index += count - 1;
        continue;
      }
    }
    if (index < elements.length && !moved.has(index)) result.push(elements[index] as Json);
  }
  return result;
}

function isIndexBelow(value: Json | undefined, limit: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < limit;
}

function assertFits(fits: boolean, operation: string): void {
  if (!fits) throw new DeltaError(`${JSON.stringify(operation.slice(0, 64))} does not fit the value it is applied to`);
}

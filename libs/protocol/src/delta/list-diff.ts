import { isArray, isContainer, type Json, type JsonObject } from '../json.js';
import { approximateLength, fingerprint } from './measure.js';
import { DESCEND, MOVE, SET, SPLICE, type Changes } from './delta.js';
import { isEqual } from './equal.js';
import { longestIncreasing } from './longest-increasing.js';

type List = readonly Json[];
type MutableChanges = Record<string, Json>;

/** The changes inside a value, `replaced` if setting the whole value is shorter, or undefined if nothing changed. */
export type Difference = Changes | 'replaced' | undefined;

/** For each element of the new list the index of the same element in the old list, or {@link NEW}. */
type Sources = readonly number[];
const NEW = -1;

/**
 * Characters that a delta may be longer for elements that keep their identity, so that a view need not render them
 * again.
 */
const PRICE_OF_IDENTITY = 32;

/** If no part of the old value remains, setting the whole value is shorter. */
export function summarize(changes: Changes, keepsAny: boolean): Difference {
  for (const _ in changes) return keepsAny ? changes : 'replaced';
  return undefined;
}

/**
 * Computes the changes between lists. Reads each member a bounded number of times for each level of lists around it.
 * Finding the elements that stay takes O(n log n) in their number.
 */
export class ListDiff {
  constructor(
    private readonly rowKeys: readonly string[],
    private readonly mayMove: boolean,
    private readonly compare: (before: Json, after: Json, depth: number) => Difference,
  ) {}

  diff(before: List, after: List, depth: number): Difference {
    // Most rows of a value did not change, and comparing them is cheaper than matching them.
    if (isRow(before[0]) && isEqual(before, after, depth)) return undefined;
    const sources = this.sourcesByKey(before, after);
    return sources === undefined
      ? this.diffByContent(before, after, depth)
      : this.diffRows(before, after, sources, depth);
  }

  /** Matches rows by a key that identifies each row of both lists. Undefined: there is no such key. */
  private sourcesByKey(before: List, after: List): Sources | undefined {
    for (const field of this.rowKeys) {
      const rows = indexByKey(before, field);
      if (rows === undefined) continue;
      const next = indexByKey(after, field);
      if (next !== undefined) return this.movable([...next.keys()].map((key) => rows.get(key) ?? NEW));
    }
    return undefined;
  }

  /** Without moves, an element that has another place counts as removed and new. */
  private movable(sources: Sources): Sources {
    if (this.mayMove) return sources;
    const stays = longestIncreasing(sources);
    return sources.map((source, index) => (stays.has(index) ? source : NEW));
  }

  private diffRows(before: List, after: List, sources: Sources, depth: number): Difference {
    const changes: MutableChanges = {};
    let keepsAny = false;
    for (const [index, source] of sources.entries()) {
      if (source === NEW) continue;
      const difference = this.compare(before[source] as Json, after[index] as Json, depth + 1);
      if (difference === 'replaced') changes[`${SET}${source}`] = after[index] as Json;
      else keepsAny = true;
      if (typeof difference === 'object') changes[`${DESCEND}${source}`] = difference;
    }
    return summarize(arrange(changes, before.length, after, sources), keepsAny);
  }

  /**
   * Chooses the shortest of up to three ways: element by element if the lengths are equal, equal elements matched
   * wherever they are, and one splice between the common ends.
   */
  private diffByContent(before: List, after: List, depth: number): Difference {
    const ends = commonEnds(before, after, depth + 1);
    const { start, beforeEnd, afterEnd } = ends;
    if (start === beforeEnd && start === afterEnd) return undefined;
    const isSameLength = before.length === after.length;
    const spliced: Changes = { [`${SPLICE}${start}`]: [beforeEnd - start, ...after.slice(start, afterEnd)] };
    const candidates = [measure(summarize(spliced, start > 0 || beforeEnd < before.length), after)];
    if (isSameLength) {
      const { difference, changed } = this.diffElements(before, after, ends, depth);
      // An edit in place leaves most elements at their index, so a search for moves finds nothing shorter.
      if (beforeEnd - start === 1 || changed * 2 < beforeEnd - start) return difference;
      candidates.unshift(measure(difference, after));
    }
    const sources = sourcesByContent(before, after, ends, depth + 1);
    if (sources !== undefined) {
      const { difference, length } = measure(arrange({}, before.length, after, this.movable(sources)), after);
      candidates.push({ difference, length: length - PRICE_OF_IDENTITY });
    }
    return candidates.reduce((best, candidate) => (candidate.length < best.length ? candidate : best)).difference;
  }

  /** Compares the elements between the common ends one by one. Also returns the number of changed elements. */
  private diffElements(
    before: List,
    after: List,
    { start, afterEnd }: CommonEnds,
    depth: number,
  ): { readonly difference: Difference; readonly changed: number } {
    const changes: MutableChanges = {};
    let [changed, replaced] = [0, 0];
    for (let index = start; index < afterEnd; index++) {
      const next = after[index] as Json;
      const difference = this.compare(before[index] as Json, next, depth + 1);
      if (difference === undefined) continue;
      changed += 1;
      if (difference === 'replaced') {
        replaced += 1;
        changes[`${SET}${index}`] = next;
      } else changes[`${DESCEND}${index}`] = difference;
    }
    return { difference: summarize(changes, replaced < after.length), changed };
  }
}

function isRow(element: Json | undefined): element is JsonObject {
  return element !== undefined && isContainer(element) && !isArray(element);
}

/** Maps the key of each row to its index. Undefined if a row has no key, or a key is there twice. */
function indexByKey(list: List, field: string): ReadonlyMap<Json, number> | undefined {
  const indices = new Map<Json, number>();
  for (const [index, row] of list.entries()) {
    if (!isRow(row) || !Object.hasOwn(row, field)) return undefined;
    const key = row[field] as Json;
    if ((typeof key !== 'string' && typeof key !== 'number') || indices.has(key)) return undefined;
    indices.set(key, index);
  }
  return indices;
}

/** The part of two lists between their common prefix and their common suffix. */
interface CommonEnds {
  readonly start: number;
  readonly beforeEnd: number;
  readonly afterEnd: number;
}

function commonEnds(before: List, after: List, depth: number): CommonEnds {
  let [start, beforeEnd, afterEnd] = [0, before.length, after.length];
  const isSame = (a: number, b: number) => isEqual(before[a] as Json, after[b] as Json, depth);
  while (start < beforeEnd && start < afterEnd && isSame(start, start)) start += 1;
  while (beforeEnd > start && afterEnd > start && isSame(beforeEnd - 1, afterEnd - 1)) {
    beforeEnd -= 1;
    afterEnd -= 1;
  }
  return { start, beforeEnd, afterEnd };
}

/** Matches equal elements between the common ends, in order. Undefined: no two are equal. */
function sourcesByContent(before: List, after: List, ends: CommonEnds, depth: number): Sources | undefined {
  const { start, beforeEnd, afterEnd } = ends;
  /** The first unmatched element with a content. */
  const first = new Map<Json, number>();
  /** The next element with the same content. */
  const following = new Map<number, number>();
  const contentOf = (value: Json): Json => (isContainer(value) ? fingerprint(value, depth) : value);
  for (let index = beforeEnd - 1; index >= start; index--) {
    const content = contentOf(before[index] as Json);
    following.set(index, first.get(content) ?? NEW);
    first.set(content, index);
  }
  let matches = 0;
  const sources = after.map((value, index) => {
    if (index < start) return index;
    if (index >= afterEnd) return index - after.length + before.length;
    const content = contentOf(value);
    const source = first.get(content) ?? NEW;
    if (source === NEW || !isEqual(before[source] as Json, value, depth)) return NEW;
    first.set(content, following.get(source)!);
    matches += 1;
    return source;
  });
  return matches > 0 ? sources : undefined;
}

/** Adds the moves and splices that turn a list of `length` elements into `after`. */
function arrange(changes: MutableChanges, length: number, after: List, sources: Sources): Changes {
  const stays = longestIncreasing(sources);
  const kept = new Set(sources);
  let from = 0;
  let arriving: number[] = [];
  const closeGap = (end: number): void => {
    if (arriving.some((index) => sources[index] !== NEW)) {
      changes[`${MOVE}${from}`] = movesOf(arriving, after, sources);
      arriving = [];
    }
    const items = arriving.map((index) => after[index] as Json);
    for (let index = from; index < end; index++) {
      if (kept.has(index)) continue;
      const start = index;
      while (index < end && !kept.has(index)) index += 1;
      changes[`${SPLICE}${start}`] = [index - start, ...items.splice(0)];
    }
    if (items.length > 0) changes[`${SPLICE}${from}`] = [0, ...items];
    arriving = [];
  };
  for (const [index, source] of sources.entries()) {
    if (!stays.has(index)) {
      arriving.push(index);
      continue;
    }
    closeGap(source);
    from = source + 1;
  }
  closeGap(length);
  return changes;
}

/** The operand of a move: indices of old elements, and arrays of new items between them. */
function movesOf(arriving: readonly number[], after: List, sources: Sources): List {
  const operand: (number | Json[])[] = [];
  for (const index of arriving) {
    const source = sources[index]!;
    const last = operand.at(-1);
    if (source !== NEW) operand.push(source);
    else if (typeof last === 'object') last.push(after[index] as Json);
    else operand.push([after[index] as Json]);
  }
  return operand;
}

function measure(difference: Difference, after: List): { readonly difference: Difference; readonly length: number } {
  return { difference, length: approximateLength(difference === 'replaced' ? after : (difference ?? {})) };
}

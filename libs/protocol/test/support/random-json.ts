import { isArray, isContainer, type Json } from '../../src/json.js';
import { KEYS } from './json-arbitrary.js';

type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const upTo = (random: Random, most: number) => Math.floor(random() * (most + 1));

/** A random JSON value with the keys of {@link KEYS}. */
export function randomValue(random: Random, depth: number): Json {
  const kind = random();
  if (depth === 0 || kind < 0.4) return pick(random, [null, true, false, '', 'x', '=a', upTo(random, 9), random()]);
  if (kind < 0.7) return Array.from({ length: upTo(random, 6) }, () => randomValue(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: upTo(random, 6) }, () => [pick(random, KEYS), randomValue(random, depth - 1)]),
  );
}

/** The value after a few nested edits: set, remove, push, shift, insert, reorder. */
export function mutate(random: Random, value: Json, edits: number): Json {
  let result = value;
  for (let edit = 0; edit < edits; edit++) result = editOnce(random, result);
  return result;
}

function editOnce(random: Random, value: Json): Json {
  if (!isContainer(value) || random() < 0.1) return randomValue(random, 2);
  return isArray(value) ? editArray(random, value) : editEntries(random, Object.entries(value));
}

function editArray(random: Random, list: readonly Json[]): Json {
  const at = upTo(random, list.length);
  const item = randomValue(random, 2);
  switch (upTo(random, 9)) {
    case 0:
      return [...list, item];
    case 1:
      return list.slice(1);
    case 2:
      return [...list.slice(1), item];
    case 3:
      return [...list.slice(0, at), item, ...list.slice(at)];
    case 4:
      return list.filter((_, index) => index !== at);
    case 5:
      return [...list].reverse();
    case 6:
      return list.concat(list);
    case 7:
      return [...list.slice(at), ...list.slice(0, at)];
    case 8:
      return list.map((element) =>
        isContainer(element) && !isArray(element) ? { ...element, id: upTo(random, 9) } : element,
      );
    default:
      return list.map((element, index) => (index === at ? editOnce(random, element) : element));
  }
}

function editEntries(random: Random, entries: readonly (readonly [string, Json])[]): Json {
  const at = upTo(random, entries.length);
  switch (upTo(random, 4)) {
    case 0:
      return Object.fromEntries([...entries, [pick(random, KEYS), randomValue(random, 2)]]);
    case 1:
      return Object.fromEntries(entries.filter((_, index) => index !== at));
    case 2:
      return Object.fromEntries([...entries].reverse());
    default:
      return Object.fromEntries(
        entries.map(([key, item], index) => [key, index === at ? editOnce(random, item) : item]),
      );
  }
}

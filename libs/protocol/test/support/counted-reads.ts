import { isContainer, type Json } from '../../src/json.js';

/** Counts how often the members of objects and the elements of arrays are read. */
export class CountedReads {
  total = 0;

  readonly #handler: ProxyHandler<object> = {
    get: (target, key, receiver) => {
      if (key !== 'length' && Object.hasOwn(target, key)) this.total += 1;
      return Reflect.get(target, key, receiver) as unknown;
    },
  };

  /** The same value; reading it adds to `total`. */
  watch(value: Json): Json {
    if (!isContainer(value)) return value;
    const watched = Array.isArray(value)
      ? value.map((element: Json) => this.watch(element))
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.watch(member)]));
    return new Proxy(watched, this.#handler) as Json;
  }
}

/** The number of members and elements in a value, at all depths. */
export function countMembers(value: Json): number {
  if (!isContainer(value)) return 0;
  return Object.values(value).reduce<number>((sum, member) => sum + 1 + countMembers(member), 0);
}

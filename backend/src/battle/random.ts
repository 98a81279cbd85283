/**
 * A seeded generator of integers: mulberry32 by Tommy Ettinger (2017, public domain), whose whole state is one
 * 32-bit number, so that a battle can carry it. Only integer arithmetic: equal on every machine.
 */
export class Random {
  #state: number;

  /** A generator that follows from these names and numbers alone. */
  static of(...parts: readonly (string | number)[]): Random {
    return new Random(hash(parts.join(' ')));
  }

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A new generator with this state continues the sequence of this one. */
  get state(): number {
    return this.#state;
  }

  /** Uniform in 0 … 2³² − 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }

  /** An integer, both ends included. */
  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1));
  }

  chance(percent: number): boolean {
    return this.next() % 100 < percent;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.next() % list.length];
    if (picked === undefined) throw new RangeError('There is nothing to pick from.');
    return picked;
  }

  /** Up to `count` different elements, in random order. */
  sample<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) {
      taken.push(...left.splice(this.next() % left.length, 1));
    }
    return taken;
  }
}

/** FNV-1a of the UTF-16 units, mixed so that similar texts have unrelated values. */
function hash(text: string): number {
  let word = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) word = Math.imul(word ^ text.charCodeAt(index), 0x01000193);
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

/** What a log needs to know of its entries. */
export interface LogEntry {
  readonly offset: number;
  /** Bytes it counts for. */
  readonly size: number;
}

/** Bounds of a log; 0 switches one off. */
export interface LogLimits {
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}

/**
 * The newest publications of a topic: consecutive offsets, bounded by count, bytes and age. They age from the moment they
 * are taken here, by a clock that never goes back: a wall clock that is set must not age or prolong a whole history.
 * Every `now` is milliseconds of that clock.
 */
export class PublicationLog<Entry extends LogEntry> {
  /** Undefined before `start`: dropped, until the array is compacted. */
  private entries: (Entry | undefined)[] = [];
  /** When each of them was taken. */
  private moments: number[] = [];
  /** Index of the oldest entry. */
  private start = 0;
  private bytes = 0;

  constructor(private readonly limits: LogLimits) {}

  /** Bytes all entries count for. */
  get weight(): number {
    return this.bytes;
  }

  get size(): number {
    return this.entries.length - this.start;
  }

  /** Offset of the oldest entry; undefined where nothing is kept. */
  get oldest(): number | undefined {
    return this.entries[this.start]?.offset;
  }

  at(offset: number): Entry | undefined {
    const first = this.oldest;
    return first === undefined || offset < first ? undefined : this.entries[this.start + offset - first];
  }

  /** Appends what follows the newest entry, or starts anew where it does not. */
  push(entry: Entry, now: number): void {
    if (this.entries.at(-1)?.offset !== entry.offset - 1) this.clear();
    this.entries.push(entry);
    this.moments.push(now);
    this.bytes += entry.size;
    this.trim(now);
  }

  /**
   * Puts older entries in front, ascending; those that do not reach to the oldest one are ignored. They count as old as
   * that one, because nothing here knows better.
   */
  prepend(older: readonly Entry[], now: number): void {
    const first = this.oldest;
    const fitting = first === undefined ? older : older.filter((entry) => entry.offset < first);
    if (first !== undefined && fitting.at(-1)?.offset !== first - 1) return;
    const moment = this.moments[this.start] ?? now;
    this.entries = [...fitting, ...this.entries.slice(this.start)];
    this.moments = [...fitting.map(() => moment), ...this.moments.slice(this.start)];
    this.start = 0;
    this.bytes += fitting.reduce((sum, entry) => sum + entry.size, 0);
    this.trim(now);
  }

  /** Entries above `offset`, ascending; from the oldest one where it does not reach that far back. */
  above(offset: number, limit = Infinity): readonly Entry[] {
    const first = this.oldest;
    if (first === undefined) return [];
    const from = this.start + Math.max(0, offset + 1 - first);
    return this.entries.slice(from, from + limit) as Entry[];
  }

  /** Drops what is beyond the limits. The newest entry goes only by age. */
  trim(now: number): void {
    const { count, bytes, age } = this.limits;
    const expired = age === 0 ? -Infinity : now - age;
    for (;;) {
      const entry = this.entries[this.start];
      if (entry === undefined) break;
      const over = (count > 0 && this.size > count) || (bytes > 0 && this.bytes > bytes && this.size > 1);
      if (!over && this.moments[this.start]! >= expired) break;
      this.bytes -= entry.size;
      this.entries[this.start] = undefined;
      this.start += 1;
    }
    if (this.start === this.entries.length) this.clear();
    // Each compaction halves the array at least, so that dropping costs O(1) on average.
    else if (this.start > this.entries.length / 2) {
      this.entries = this.entries.slice(this.start);
      this.moments = this.moments.slice(this.start);
      this.start = 0;
    }
  }

  clear(): void {
    this.entries = [];
    this.moments = [];
    this.start = 0;
    this.bytes = 0;
  }
}

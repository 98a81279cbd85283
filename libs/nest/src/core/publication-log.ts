/** The part of an entry that a log uses. */
export interface LogEntry {
  readonly offset: number;
  /** Bytes that count against the limit. */
  readonly size: number;
}

/** Limits of a log. 0 switches a limit off. */
export interface LogLimits {
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly ageMs: number;
}

/**
 * Keeps the newest publications of a topic: consecutive offsets, limited by count, bytes and age. The age of an entry
 * begins when the log receives it. Every `now` is in milliseconds of a monotonic clock, so that a change of the wall
 * clock does not change the age of a history.
 */
export class PublicationLog<Entry extends LogEntry> {
  /** Entries before `start` are dropped. They are undefined until the array is compacted. */
  private entries: (Entry | undefined)[] = [];
  /** The time at which the log received each entry. */
  private receivedAt: number[] = [];
  /** Index of the oldest entry. */
  private start = 0;
  private bytes = 0;

  constructor(private readonly limits: LogLimits) {}

  /** Bytes of all entries. */
  get weight(): number {
    return this.bytes;
  }

  get size(): number {
    return this.entries.length - this.start;
  }

  /** Offset of the oldest entry. Undefined if the log is empty. */
  get oldest(): number | undefined {
    return this.entries[this.start]?.offset;
  }

  at(offset: number): Entry | undefined {
    const first = this.oldest;
    return first === undefined || offset < first ? undefined : this.entries[this.start + offset - first];
  }

  /** Appends an entry. Drops all others if it does not follow the newest one. */
  push(entry: Entry, now: number): void {
    if (this.entries.at(-1)?.offset !== entry.offset - 1) this.clear();
    this.entries.push(entry);
    this.receivedAt.push(now);
    this.bytes += entry.size;
    this.trim(now);
  }

  /**
   * Inserts older entries in ascending order. Ignores them if they do not reach the oldest entry. They get its age,
   * because their own age is unknown.
   */
  prepend(older: readonly Entry[], now: number): void {
    const first = this.oldest;
    const fitting = first === undefined ? older : older.filter((entry) => entry.offset < first);
    if (first !== undefined && fitting.at(-1)?.offset !== first - 1) return;
    const time = this.receivedAt[this.start] ?? now;
    this.entries = [...fitting, ...this.entries.slice(this.start)];
    this.receivedAt = [...fitting.map(() => time), ...this.receivedAt.slice(this.start)];
    this.start = 0;
    this.bytes += fitting.reduce((sum, entry) => sum + entry.size, 0);
    this.trim(now);
  }

  /** Returns the entries above `offset` in ascending order, or from the oldest one if it is above that. */
  above(offset: number, limit = Infinity): readonly Entry[] {
    const first = this.oldest;
    if (first === undefined) return [];
    const from = this.start + Math.max(0, offset + 1 - first);
    return this.entries.slice(from, from + limit) as Entry[];
  }

  /** Drops entries beyond the limits. Only the age limit can drop the newest entry. */
  trim(now: number): void {
    const { count, bytes, ageMs } = this.limits;
    const expired = ageMs === 0 ? -Infinity : now - ageMs;
    for (;;) {
      const entry = this.entries[this.start];
      if (entry === undefined) break;
      const over = (count > 0 && this.size > count) || (bytes > 0 && this.bytes > bytes && this.size > 1);
      if (!over && this.receivedAt[this.start]! >= expired) break;
      this.bytes -= entry.size;
      this.entries[this.start] = undefined;
      this.start += 1;
    }
    if (this.start === this.entries.length) this.clear();
    // Each compaction at least halves the array, so that dropping an entry costs O(1) on average.
    else if (this.start > this.entries.length / 2) {
      this.entries = this.entries.slice(this.start);
      this.receivedAt = this.receivedAt.slice(this.start);
      this.start = 0;
    }
  }

  clear(): void {
    this.entries = [];
    this.receivedAt = [];
    this.start = 0;
    this.bytes = 0;
  }
}

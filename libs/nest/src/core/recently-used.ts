/** Far more callers than ask at once, and a few MiB: whoever sends from endless addresses must not fill the memory. */
const MOST = 20_000;

interface Entry<Value> {
  readonly value: Value;
  usedAt: number;
}

/**
 * What is remembered of many callers, for as long as it matters: what nobody used for `idle` ms is forgotten, and what
 * was unused for longest where there would be more than `most`.
 */
export class RecentlyUsed<Value> {
  /** Ordered by use. */
  private readonly entries = new Map<string, Entry<Value>>();

  constructor(
    private readonly idle: number,
    private readonly most = MOST,
  ) {}

  sizeAt(now: number): number {
    this.forgetIdle(now);
    return this.entries.size;
  }

  /** @param now milliseconds of a clock that never goes back. */
  of(key: string, now: number, create: () => Value): Value {
    this.forgetIdle(now);
    const entry = this.entries.get(key) ?? { value: create(), usedAt: now };
    entry.usedAt = now;
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > this.most) this.forgetLongestUnused();
    return entry.value;
  }

  private forgetIdle(now: number): void {
    for (const [key, { usedAt }] of this.entries) {
      if (now - usedAt < this.idle) return;
      this.entries.delete(key);
    }
  }

  private forgetLongestUnused(): void {
    for (const key of this.entries.keys()) {
      this.entries.delete(key);
      return;
    }
  }
}

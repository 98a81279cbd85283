/** Counts per user, address or client. Forgets a key whose count is 0. */
export class KeyedCounter {
  private readonly counts = new Map<string, number>();

  /** Number of keys whose count is not 0. */
  get size(): number {
    return this.counts.size;
  }

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const count = this.of(key) - 1;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
  }
}

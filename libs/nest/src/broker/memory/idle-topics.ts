/** Bounds of what is kept of topics that nobody listens to; 0 switches one off. */
export interface IdleLimits {
  readonly count: number;
  /** Bytes of their values and publications. */
  readonly weight: number;
}

/** The topics that nobody listens to, the longest unused first, and how much they hold. */
export class IdleTopics {
  private readonly weights = new Map<string, number>();
  private weight = 0;

  constructor(private readonly limits: IdleLimits) {}

  /** Was used just now. */
  use(name: string, weight: number): void {
    this.delete(name);
    this.weights.set(name, weight);
    this.weight += weight;
  }

  delete(name: string): void {
    this.weight -= this.weights.get(name) ?? 0;
    this.weights.delete(name);
  }

  clear(): void {
    this.weights.clear();
    this.weight = 0;
  }

  /** Takes out what is too much, the longest unused first. The one used last stays, however heavy it is. */
  *excess(): Iterable<string> {
    for (const name of this.weights.keys()) {
      if (!this.isTooMuch()) return;
      this.delete(name);
      yield name;
    }
  }

  private isTooMuch(): boolean {
    const { count, weight } = this.limits;
    if (this.weights.size <= 1) return false;
    return (count > 0 && this.weights.size > count) || (weight > 0 && this.weight > weight);
  }
}

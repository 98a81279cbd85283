/** Counts the actions that run on this node, including those whose connection has ended. */
export class InFlight {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  get size(): number {
    return this.running;
  }

  get none(): boolean {
    return this.running === 0;
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.running += 1;
    try {
      return await work;
    } finally {
      this.running -= 1;
      if (this.none) for (const resolve of this.waiting.splice(0)) resolve();
    }
  }

  /** Resolves when no action runs. */
  idle(): Promise<void> {
    if (this.none) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

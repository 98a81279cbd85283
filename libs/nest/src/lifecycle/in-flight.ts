/** Counts the actions that run on this node, whether or not their connection still lives. */
export class InFlight {
  private running = 0;

  get count(): number {
    return this.running;
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.running += 1;
    try {
      return await work;
    } finally {
      this.running -= 1;
    }
  }
}

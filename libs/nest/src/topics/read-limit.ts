const MOST = 32;

/**
 * Runs at most `most` reads of the broker at once, and the others in the order of their calls. Without it the end of an
 * outage would ask for the histories of all topics at once.
 */
export class ReadLimit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most = MOST) {}

  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.running < this.most) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}

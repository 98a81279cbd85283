interface Delayed {
  readonly dueAt: number;
  readonly action: () => void;
}

/** Runs callbacks after a delay and in order, even if the delay shrinks meanwhile. */
export class DelayLine {
  private readonly queue: Delayed[] = [];

  constructor(private readonly delay: () => number) {}

  pass(action: () => void): void {
    const delay = this.delay();
    if (delay === 0 && this.queue.length === 0) {
      action();
      return;
    }
    this.queue.push({ dueAt: performance.now() + delay, action });
    if (this.queue.length === 1) this.pump();
  }

  private pump(): void {
    const [next] = this.queue;
    if (next === undefined) return;
    setTimeout(
      () => {
        this.queue.shift();
        next.action();
        this.pump();
      },
      Math.max(0, next.dueAt - performance.now()),
    );
  }
}

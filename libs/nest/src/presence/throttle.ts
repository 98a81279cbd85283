import type { Environment, Timer } from '../core/environment.js';

/**
 * Runs `work` on request, at once if possible: never two runs at a time, and each at least `interval` ms after the one
 * before. All requests in between lead to one run.
 */
export class Throttle {
  private requested = false;
  private running = false;
  private stopped = false;
  private begunAt = -Infinity;
  private timer: Timer | undefined;

  /** @param work must not reject. */
  constructor(
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly interval: number,
    private readonly work: () => Promise<void>,
  ) {}

  /** Requests a run. */
  request(): void {
    this.requested = true;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private schedule(): void {
    if (!this.requested || this.running || this.stopped || this.timer !== undefined) return;
    const wait = this.begunAt + this.interval - this.environment.monotonic();
    if (wait <= 0) {
      void this.run();
      return;
    }
    this.timer = this.environment.setTimer(() => {
      this.timer = undefined;
      void this.run();
    }, wait);
  }

  private async run(): Promise<void> {
    this.requested = false;
    this.running = true;
    this.begunAt = this.environment.monotonic();
    await this.work();
    this.running = false;
    this.schedule();
  }
}

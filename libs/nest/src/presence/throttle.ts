import type { Environment, Timer } from '../core/environment.js';

/**
 * Does some work as soon as it is asked for, never twice at once, and begins it again no sooner than `interval` ms later.
 * However often it is asked for meanwhile, that is one run.
 */
export class Throttle {
  private asked = false;
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

  ask(): void {
    this.asked = true;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private schedule(): void {
    if (!this.asked || this.running || this.stopped || this.timer !== undefined) return;
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
    this.asked = false;
    this.running = true;
    this.begunAt = this.environment.monotonic();
    await this.work();
    this.running = false;
    this.schedule();
  }
}

import type { Environment, Timer } from '../core/environment.js';

/** How much longer than its period one beat may count: what is above was a stall of this process, not silence. */
const LONGEST_BEAT = 2;

/**
 * One timer for the deadlines of all connections, and the coarse clock they are measured with.
 *
 * The clock stands still while the event loop does: after a stall of 3 s nobody was silent for 3 s, the frames that
 * came meanwhile have only not been read yet.
 */
export class Pulse {
  /** Milliseconds since the pulse was made, as fine as one period. */
  now = 0;
  private timer: Timer | undefined;
  private beatenAt = 0;

  constructor(
    private readonly environment: Environment,
    readonly period: number,
    private readonly beat: (now: number) => void,
  ) {}

  start(): void {
    if (this.timer !== undefined) return;
    this.beatenAt = this.environment.monotonic();
    this.schedule();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private schedule(): void {
    this.timer = this.environment.setTimer(() => {
      const time = this.environment.monotonic();
      this.now += Math.min(time - this.beatenAt, this.period * LONGEST_BEAT);
      this.beatenAt = time;
      this.schedule();
      this.beat(this.now);
    }, this.period);
  }
}

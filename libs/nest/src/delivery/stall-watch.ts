import type { Environment, Timer } from '../core/environment.js';

/**
 * Looks this many times per timeout, and gives a reader up only after as many looks: when the event loop itself stood
 * still, the socket gets its turn between two of them.
 */
const LOOKS = 4;

/** Notices a reader that takes nothing for a while. Runs only while something waits. */
export class StallWatch {
  private timer: Timer | undefined;
  private idleLooks = 0;
  private taken = 0;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    private readonly timeout: number,
    /** Bytes taken so far; undefined when nothing waits, which ends the watch. */
    private readonly measure: () => number | undefined,
    private readonly onStalled: () => void,
  ) {}

  start(): void {
    if (this.timer !== undefined) return;
    this.taken = this.measure() ?? 0;
    this.idleLooks = 0;
    this.lookLater();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private lookLater(): void {
    this.timer = this.environment.setTimer(() => this.look(), this.timeout / LOOKS);
  }

  private look(): void {
    this.timer = undefined;
    const taken = this.measure();
    if (taken === undefined) return;
    this.idleLooks = taken > this.taken ? 0 : this.idleLooks + 1;
    this.taken = taken;
    if (this.idleLooks >= LOOKS) this.onStalled();
    else this.lookLater();
  }
}

import type { Environment, Timer } from '../core/environment.js';

/**
 * Checks per timeout, and idle checks in a row after which a reader counts as stalled. Between two checks the socket
 * gets its turn, also after the event loop itself was blocked.
 */
const CHECKS_PER_TIMEOUT = 4;

/** Detects a reader that takes no bytes for a while. Its timer runs only while bytes are buffered. */
export class StallWatch {
  private timer: Timer | undefined;
  private idleChecks = 0;
  private bytesTaken = 0;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    /** Milliseconds. */
    private readonly timeout: number,
    /** Returns the bytes taken so far, or undefined if nothing is buffered, which ends the watch. */
    private readonly measure: () => number | undefined,
    private readonly onStalled: () => void,
  ) {}

  /** Starts the watch. Does nothing while it runs. */
  start(): void {
    if (this.timer !== undefined) return;
    this.bytesTaken = this.measure() ?? 0;
    this.idleChecks = 0;
    this.scheduleCheck();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private scheduleCheck(): void {
    this.timer = this.environment.setTimer(() => this.check(), this.timeout / CHECKS_PER_TIMEOUT);
  }

  private check(): void {
    this.timer = undefined;
    const bytesTaken = this.measure();
    if (bytesTaken === undefined) return;
    this.idleChecks = bytesTaken > this.bytesTaken ? 0 : this.idleChecks + 1;
    this.bytesTaken = bytesTaken;
    if (this.idleChecks >= CHECKS_PER_TIMEOUT) this.onStalled();
    else this.scheduleCheck();
  }
}

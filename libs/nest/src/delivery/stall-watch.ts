import type { Environment, Timer } from '../core/environment.js';

/**
 * The number of checks per timeout. A reader is stalled after as many idle checks in a row. Between two checks the
 * event loop serves the socket, so that a blocked event loop does not count as a stall.
 */
const CHECKS_PER_TIMEOUT = 4;

/** Detects a reader that accepts no bytes for a timeout. Its timer runs only while bytes are buffered. */
export class StallWatch {
  private timer: Timer | undefined;
  private idleChecks = 0;
  private bytesAccepted = 0;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    /** Milliseconds. */
    private readonly timeout: number,
    /** Returns the bytes accepted so far, or undefined if no bytes are buffered, which ends the watch. */
    private readonly measure: () => number | undefined,
    private readonly onStalled: () => void,
  ) {}

  /** Starts the watch. Does nothing while it runs. */
  start(): void {
    if (this.timer !== undefined) return;
    this.bytesAccepted = this.measure() ?? 0;
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
    const bytesAccepted = this.measure();
    if (bytesAccepted === undefined) return;
    this.idleChecks = bytesAccepted > this.bytesAccepted ? 0 : this.idleChecks + 1;
    this.bytesAccepted = bytesAccepted;
    if (this.idleChecks >= CHECKS_PER_TIMEOUT) this.onStalled();
    else this.scheduleCheck();
  }
}

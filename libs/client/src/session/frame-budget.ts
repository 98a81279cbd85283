/** The default of a server, which counts until the server tells its own rate. */
export const DEFAULT_FRAMES_PER_SECOND = 20;

/**
 * Counts how many frames a connection may still send. Servers accept bursts of twice their rate. The budget allows
 * bursts of once the rate, so that frames stay within the limit when the network delays them and delivers them together.
 */
export class FrameBudget {
  private rate = DEFAULT_FRAMES_PER_SECOND;
  private left = DEFAULT_FRAMES_PER_SECOND;
  private countedAt: number;

  constructor(private readonly clock: { monotonic(): number }) {
    this.countedAt = clock.monotonic();
  }

  /** Sets the rate in frames per second. 0: without limit. */
  setRate(rate: number): void {
    this.refill();
    this.left += rate - this.rate;
    this.rate = rate;
  }

  /** Counts one frame. Frames that must not wait may overdraw the budget. */
  spend(): void {
    this.refill();
    this.left -= 1;
  }

  /** Milliseconds until a frame that can wait may be sent. 0: now. */
  get delay(): number {
    if (this.rate === 0) return 0;
    this.refill();
    return Math.max(0, Math.ceil(((1 - this.left) / this.rate) * 1_000));
  }

  private refill(): void {
    const now = this.clock.monotonic();
    this.left = Math.min(this.rate, this.left + ((now - this.countedAt) / 1_000) * this.rate);
    this.countedAt = now;
  }
}

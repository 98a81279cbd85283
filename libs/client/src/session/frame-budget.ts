/** Frames a second that a server takes by default; in force until it tells. */
export const DEFAULT_RATE = 20;

/**
 * How many frames a connection may still send. Servers let bursts of twice their rate pass; this keeps to once the rate,
 * so that what the network delays and then delivers together stays within the limit.
 */
export class FrameBudget {
  private rate = DEFAULT_RATE;
  private left = DEFAULT_RATE;
  private countedAt: number;

  constructor(private readonly clock: { monotonic(): number }) {
    this.countedAt = clock.monotonic();
  }

  /** Frames a second; 0: without limit. */
  learn(rate: number): void {
    this.refill();
    this.left += rate - this.rate;
    this.rate = rate;
  }

  /** A frame was sent; those that must not wait may overdraw. */
  spend(): void {
    this.refill();
    this.left -= 1;
  }

  /** Milliseconds until one that can wait may be sent; 0: now. */
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

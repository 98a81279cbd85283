/** The default of a server. It applies until the server announces its own rate. */
export const DEFAULT_FRAMES_PER_SECOND = 20;

/**
 * Counts the frames that a connection may still send. Servers accept bursts of twice their rate. The budget allows
 * bursts of once the rate, so that frames stay within the limit if the network delays them and delivers them together.
 */
export class FrameBudget {
  readonly #clock: { monotonic(): number };

  #rate = DEFAULT_FRAMES_PER_SECOND;
  #remaining = DEFAULT_FRAMES_PER_SECOND;
  #countedAt: number;

  constructor(clock: { monotonic(): number }) {
    this.#clock = clock;
    this.#countedAt = clock.monotonic();
  }

  /** Sets the rate in frames per second. 0: without limit. */
  setRate(rate: number): void {
    this.#refill();
    this.#remaining += rate - this.#rate;
    this.#rate = rate;
  }

  /** Counts one frame. Frames that must not wait may overdraw the budget. */
  spend(): void {
    this.#refill();
    this.#remaining -= 1;
  }

  /** Milliseconds until a frame that can wait may be sent. 0: now. */
  get delay(): number {
    if (this.#rate === 0) return 0;
    this.#refill();
    return Math.max(0, Math.ceil(((1 - this.#remaining) / this.#rate) * 1_000));
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#remaining = Math.min(this.#rate, this.#remaining + ((now - this.#countedAt) / 1_000) * this.#rate);
    this.#countedAt = now;
  }
}

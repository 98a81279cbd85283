/** Counts what happened within the last `window` milliseconds, up to `limit`. A limit of 0 is never reached. */
export class RecentCount {
  private times: number[] | undefined;

  constructor(
    private readonly limit: number,
    private readonly window: number,
  ) {}

  /**
   * Counts one more.
   *
   * @param now milliseconds of a clock that never goes back.
   * @returns whether the limit is reached.
   */
  reached(now: number): boolean {
    if (this.limit === 0) return false;
    this.times ??= [];
    const oldest = this.times.findIndex((time) => time > now - this.window);
    this.times.splice(0, oldest === -1 ? this.times.length : oldest);
    this.times.push(now);
    return this.times.length >= this.limit;
  }
}

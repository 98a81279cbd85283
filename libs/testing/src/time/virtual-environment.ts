import { VirtualProcess } from './virtual-process.js';
import { VirtualScheduler } from './virtual-scheduler.js';

/** Options of a {@link VirtualEnvironment}. */
export interface VirtualEnvironmentOptions {
  /** Seed of the randomness. Default 1. */
  readonly seed?: number;
  /** Start of the wall clock, in milliseconds since the Unix epoch. Default: 1 January 2026. */
  readonly start?: number;
  /** Number of turns of the event loop without activity after which everything counts as settled. Default 1. */
  readonly quietTurns?: number;
}

/**
 * A condition did not hold in time. Any other error that {@link VirtualEnvironment.until} throws comes from a timer.
 */
export class VirtualTimeoutError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'VirtualTimeoutError';
}

/**
 * The environment of a client, a server or both. Its clock moves only when a test moves it, and its randomness comes
 * from a seed, so that the same test gives the same history every time.
 *
 * @example
 * const environment = new VirtualEnvironment();
 * const server = new FakeServer(environment);
 * const client = createRealtimeClient({ origin: 'http://fake', environment });
 * await environment.advance(500);
 */
export class VirtualEnvironment extends VirtualProcess {
  private readonly quietTurns: number;

  constructor({ seed = 1, start = Date.UTC(2026, 0, 1), quietTurns = 1 }: VirtualEnvironmentOptions = {}) {
    super(new VirtualScheduler(), seed, start);
    this.quietTurns = quietTurns;
  }

  /** Adds a process that shares the time. It has its own wall clock, and its timers can be suspended or killed. */
  fork(): VirtualProcess {
    return new VirtualProcess(this.scheduler, this.random() * 2 ** 32, this.now() - this.monotonic());
  }

  /** Number of timers that wait, including those of forks. 0 when everything was released. */
  override get timers(): number {
    return this.scheduler.count();
  }

  /**
   * Lets `ms` pass. Every timer runs at its time, and promises settle in between.
   *
   * @throws RangeError if `ms` is negative or not finite, and every error that a timer throws.
   */
  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`Time cannot advance by ${ms} ms: give 0 or more.`);
    const end = this.monotonic() + ms;
    await this.settle();
    while (this.scheduler.runNext(end)) await this.settle();
    this.scheduler.elapsed = Math.max(this.monotonic(), end);
  }

  /** Runs the timers that are due now, without waiting for promises. @returns whether a timer ran. */
  runDue(): boolean {
    let ran = false;
    while (this.scheduler.runNext(this.monotonic())) ran = true;
    return ran;
  }

  /** Ends the current turn of a server: runs the callbacks of `defer`. */
  tick(): void {
    this.scheduler.tick();
  }

  /**
   * Reports activity that is neither a timer nor a promise, such as bytes under way. {@link settle} waits for its end.
   */
  readonly stir = (): void => this.scheduler.stir();

  /** Lets promises settle and turns end until nothing more happens without time. */
  async settle(): Promise<void> {
    await this.scheduler.settle(this.quietTurns);
  }

  /**
   * Advances from timer to timer until the condition holds.
   *
   * @param ms milliseconds of virtual time. Default 60,000.
   * @param describe returns the current state for the message of the error.
   * @throws VirtualTimeoutError if the condition does not hold in time, and every error that a timer throws.
   */
  async until(condition: () => boolean, ms = 60_000, describe?: () => string): Promise<void> {
    const end = this.monotonic() + ms;
    await this.settle();
    while (!condition()) {
      if (!this.scheduler.runNext(end)) {
        this.scheduler.elapsed = end;
        const instead = describe === undefined ? '' : ` Instead: ${describe()}`;
        if (!condition()) throw new VirtualTimeoutError(`It did not happen within ${ms} ms of virtual time.${instead}`);
      }
      await this.settle();
    }
  }

  /** Suspends the whole machine for `ms`: the clocks go on, and no timer runs. The timers run late, after the sleep. */
  async sleep(ms: number): Promise<void> {
    this.scheduler.elapsed += ms;
    await this.advance(0);
  }
}

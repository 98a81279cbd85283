import { VirtualProcess } from './virtual-process.js';
import { VirtualScheduler } from './virtual-scheduler.js';

export interface VirtualEnvironmentOptions {
  /** What its randomness grows from. Default 1. */
  readonly seed?: number;
  /** The wall clock at the beginning, ms since the Unix epoch. Default: the first of January 2026. */
  readonly start?: number;
  /** Turns of the event loop without any movement after which everything has settled. Default 1. */
  readonly quietTurns?: number;
}

/** What was waited for did not happen in time. What else is thrown while time passes comes from a timer. */
export class VirtualTimeoutError extends Error {
  override readonly name = 'VirtualTimeoutError';
}

/**
 * The environment of a client or of a server, or of both, whose clock moves only when a test says so, and whose
 * randomness comes from a seed: the same test is the same history every time.
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

  /** One more process that shares the time: with timers that can be suspended or killed, and a wall clock of its own. */
  fork(): VirtualProcess {
    return new VirtualProcess(this.scheduler, this.random() * 2 ** 32, this.now() - this.monotonic());
  }

  /** How many timers wait, those of forks included; 0 when everything was released. */
  override get timers(): number {
    return this.scheduler.count();
  }

  /**
   * Lets `ms` pass: every timer runs at its time, and promises settle in between.
   *
   * @throws RangeError where `ms` is no time that can pass. What a timer throws is thrown here.
   */
  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`Time cannot advance by ${ms} ms: give 0 or more.`);
    const end = this.monotonic() + ms;
    await this.settle();
    while (this.scheduler.runNext(end)) await this.settle();
    this.scheduler.elapsed = Math.max(this.monotonic(), end);
  }

  /** Runs the timers that are due now, without waiting for promises. @returns whether there was one. */
  runDue(): boolean {
    let ran = false;
    while (this.scheduler.runNext(this.monotonic())) ran = true;
    return ran;
  }

  /** Ends the current turn of a server: runs what was deferred. */
  tick(): void {
    this.scheduler.tick();
  }

  /** Notes that something moves that is neither timer nor promise, bytes for example: {@link settle} waits for its end. */
  readonly stir = (): void => this.scheduler.stir();

  /** Lets promises settle, and turns end, until nothing moves without time passing. */
  async settle(): Promise<void> {
    await this.scheduler.settle(this.quietTurns);
  }

  /**
   * Advances, timer by timer, until the condition holds.
   *
   * @param ms how long that may take. Default 60,000.
   * @throws VirtualTimeoutError when it did not hold by then; `describe` says what was the case instead. What a timer
   * throws is thrown here.
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

  /** Everything sleeps: the clocks go on, no timer runs. They run late, all at once, afterwards. */
  async sleep(ms: number): Promise<void> {
    this.scheduler.elapsed += ms;
    await this.advance(0);
  }
}

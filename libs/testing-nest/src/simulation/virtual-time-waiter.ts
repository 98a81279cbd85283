import { setTimeout as setRealTimeout, clearTimeout as clearRealTimeout } from 'node:timers';

import { VirtualTimeoutError, type TestEnvironment, type VirtualEnvironment } from '@statewire/testing';

type Timer = ReturnType<TestEnvironment['setTimer']>;

/** Virtual time. */
const DEFAULT_WITHIN_MS = 60_000;
/** Real time between two checks of work that takes real time. */
const CHECK_INTERVAL_MS = 100;
/** Checks without progress after which the work is taken to wait for a timer. */
const IDLE_CHECKS = 5;
/** Checks after which waiting fails. */
const MAX_CHECKS = 300;

/** Lets virtual time pass until a condition holds or work settles. */
export class VirtualTimeWaiter {
  constructor(
    private readonly environment: VirtualEnvironment,
    /** Describes the state of the simulation and its seed, for failures. */
    private readonly circumstances: () => string,
    /** Starts a timer of real time. */
    private readonly setRealTimer = startRealTimer,
  ) {}

  /**
   * @param within milliseconds of virtual time. Default 60,000.
   * @param what names the condition and the current state.
   * @throws Error if the condition does not hold in time. An error that a timer of the application throws is thrown as
   * it is.
   */
  async until(
    condition: () => boolean,
    { within = DEFAULT_WITHIN_MS, what }: { readonly within?: number; readonly what: () => string },
  ): Promise<void> {
    try {
      await this.environment.until(condition, within);
    } catch (error) {
      if (!(error instanceof VirtualTimeoutError)) throw error;
      throw new Error(`Waited ${within} ms of virtual time for ${what()} (${this.circumstances()})`, { cause: error });
    }
  }

  /** Lets time pass until the promise settles. @returns its result. */
  async wait<T>(work: Promise<T>, what: () => string, within = DEFAULT_WITHIN_MS): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    work.then(settle, settle);
    await this.until(() => settled, { within, what });
    return work;
  }

  /**
   * Waits for work that may load modules and read files, which takes real time. Virtual time stands still meanwhile. If
   * nothing has happened for half a second and a timer waits, virtual time passes up to that timer.
   *
   * @param timers returns the number of timers that the work may wait for. Intervals do not count.
   */
  async waitPatiently<T>(work: Promise<T>, what: string, timers: () => number): Promise<T> {
    const latest = this.environment.monotonic() + DEFAULT_WITHIN_MS;
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    for (let round = 0, idle = 0; round < MAX_CHECKS; round += 1) {
      if (await this.settlesWithin(CHECK_INTERVAL_MS, work)) return work;
      await this.environment.settle();
      const waiting = timers();
      idle = waiting > 0 ? idle + 1 : 0;
      if (idle < IDLE_CHECKS) continue;
      idle = 0;
      const within = latest - this.environment.monotonic();
      await this.until(() => isSettled || timers() !== waiting, { within, what: () => what });
    }
    throw new Error(`Waited ${(MAX_CHECKS * CHECK_INTERVAL_MS) / 1_000} s for ${what} (${this.circumstances()})`);
  }

  /** @param ms of real time. */
  private async settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
    let timer: Timer | undefined;
    const elapsed = new Promise<boolean>((resolve) => (timer = this.setRealTimer(() => resolve(false), ms)));
    const settled = work.then(
      () => true,
      () => true,
    );
    return Promise.race([settled, elapsed]).finally(() => timer?.cancel());
  }
}

function startRealTimer(callback: () => void, ms: number): Timer {
  const timer = setRealTimeout(callback, ms);
  return { cancel: () => clearRealTimeout(timer) };
}

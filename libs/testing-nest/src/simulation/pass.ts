import { setTimeout as setRealTimeout, clearTimeout as clearRealTimeout } from 'node:timers';

import { VirtualTimeoutError, type VirtualEnvironment } from '@statewire/testing';

/** Milliseconds of virtual time. */
const DEFAULT_WITHIN = 60_000;
/** Milliseconds of real time between two looks at what takes real time. */
const ROUND = 100;
/** Looks after which what waits is taken to wait for a timer, where there is one. */
const PATIENCE = 5;
/** Looks after which it is given up. */
const LONGEST_PATIENCE = 300;

/** Lets virtual time pass until something is the case. */
export class Pass {
  constructor(
    private readonly environment: VirtualEnvironment,
    /** Said with each failure: what there was, and how to see it again. */
    private readonly circumstances: () => string,
  ) {}

  /**
   * @throws Error when it was not the case `within` ms; `what` says what was waited for, and what was there instead. What
   * a timer of the application throws meanwhile is thrown as it is.
   */
  async until(
    condition: () => boolean,
    { within = DEFAULT_WITHIN, what }: { readonly within?: number; readonly what: () => string },
  ): Promise<void> {
    try {
      await this.environment.until(condition, within);
    } catch (error) {
      if (!(error instanceof VirtualTimeoutError)) throw error;
      throw new Error(`Waited ${within} ms of virtual time for ${what()} (${this.circumstances()})`, { cause: error });
    }
  }

  /** Lets time pass until the promise settles, and passes its outcome on. */
  async wait<T>(work: Promise<T>, what: () => string, within = DEFAULT_WITHIN): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    work.then(settle, settle);
    await this.until(() => settled, { within, what });
    return work;
  }

  /**
   * The same for what may load modules and read files, which takes real time. Virtual time stands still meanwhile. It
   * passes up to the next of the `timers` where there is one and nothing else has happened for a while: an interval
   * is no reason, for nobody waits for that.
   *
   * @param timers how many there are for which it may wait.
   */
  async waitPatiently<T>(work: Promise<T>, what: string, timers: () => number): Promise<T> {
    const latest = this.environment.monotonic() + DEFAULT_WITHIN;
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    for (let round = 0, idle = 0; round < LONGEST_PATIENCE; round += 1) {
      if (await settlesWithin(ROUND, work)) return work;
      await this.environment.settle();
      const waiting = timers();
      idle = waiting > 0 ? idle + 1 : 0;
      if (idle < PATIENCE) continue;
      idle = 0;
      const within = latest - this.environment.monotonic();
      await this.until(() => isSettled || timers() !== waiting, { within, what: () => what });
    }
    throw new Error(`Waited ${(LONGEST_PATIENCE * ROUND) / 1_000} s for ${what} (${this.circumstances()})`);
  }
}

async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setRealTimeout(resolve, ms, false)));
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => clearRealTimeout(timer));
}

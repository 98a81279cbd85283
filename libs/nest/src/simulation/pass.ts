import { setTimeout as setRealTimeout, clearTimeout as clearRealTimeout } from 'node:timers';

import type { VirtualEnvironment } from '@statewire/client/testing';

/** Milliseconds of virtual time. */
const DEFAULT_WITHIN = 60_000;
/** Milliseconds of real time after which what has not settled waits for a timer, where there is one. */
const PATIENCE = 100;
/** Milliseconds of real time after which it is taken to wait for something else that needs virtual time. */
const LONGEST_PATIENCE = 5_000;

/** Lets virtual time pass until something is the case. */
export class Pass {
  constructor(
    private readonly environment: VirtualEnvironment,
    /** Said with each failure: how to see it again. */
    private readonly how: string,
  ) {}

  /** @throws Error when it was not the case `within` ms; `what` says what was waited for, and what was there instead. */
  async until(
    condition: () => boolean,
    { within = DEFAULT_WITHIN, what }: { readonly within?: number; readonly what: () => string },
  ): Promise<void> {
    try {
      await this.environment.until(condition, within);
    } catch (error) {
      if (condition()) throw error;
      throw new Error(`Waited ${within} ms of virtual time for ${what()} (${this.how})`, { cause: error });
    }
  }

  /** Lets time pass until the promise settles, and passes its outcome on. */
  async wait<T>(work: Promise<T>, what: string): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    work.then(settle, settle);
    await this.until(() => settled, { within: 10 * DEFAULT_WITHIN, what: () => what });
    return work;
  }

  /**
   * The same for what may load modules and read files, which takes real time. Virtual time stands still meanwhile, unless
   * it waits for a timer.
   */
  async waitPatiently<T>(work: Promise<T>, what: string, hasTimers: () => boolean): Promise<T> {
    for (let waited = 0; waited < LONGEST_PATIENCE; waited += PATIENCE) {
      if (await settlesWithin(PATIENCE, work)) return work;
      await this.environment.settle();
      if (hasTimers()) break;
    }
    return this.wait(work, what);
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

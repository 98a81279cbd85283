import type { VirtualEnvironment } from '@statewire/client/testing';

/** Milliseconds of virtual time. */
const DEFAULT_WITHIN = 60_000;

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
}

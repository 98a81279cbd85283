import { promisify } from 'node:util';

import type { VirtualProcess } from '@statewire/testing';

const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;

const intervals = new WeakMap<VirtualProcess, Set<VirtualTimeout>>();

/** Returns the number of a process's timers that run once, so that work may wait for them. */
export function singleTimersOf(process: VirtualProcess): number {
  return process.timers - (intervals.get(process)?.size ?? 0);
}

/** The result of `setTimeout` on virtual time: the part of Node's `Timeout` that code uses. */
class VirtualTimeout {
  private cancel: (() => void) | undefined;

  constructor(
    private readonly process: VirtualProcess,
    private readonly run: () => void,
    private readonly delay: number,
    private readonly repeats: boolean,
  ) {
    this.refresh();
  }

  refresh(): this {
    this.close();
    const timer = this.process.setTimer(() => {
      if (this.repeats) this.refresh();
      this.run();
    }, this.delay);
    this.cancel = () => timer.cancel();
    if (this.repeats) this.siblings.add(this);
    return this;
  }

  close(): this {
    this.cancel?.();
    this.siblings.delete(this);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  private get siblings(): Set<VirtualTimeout> {
    const siblings = intervals.get(this.process) ?? new Set();
    intervals.set(this.process, siblings);
    return siblings;
  }
}

let installed = false;

/**
 * Puts `setTimeout`, `setInterval` and `Date` of this process on virtual time, for the timers of an application and its
 * libraries. Timers of Node itself and `node:timers` stay real.
 *
 * @returns a function that restores the real ones.
 * @throws Error if another simulation runs in this process.
 */
export function installVirtualTime(current: () => VirtualProcess): () => void {
  if (installed) {
    throw new Error('Another simulation runs in this process. Close it first, with `await simulation.close()`.');
  }
  installed = true;
  const real = Object.fromEntries(NAMES.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  const start =
    (repeats: boolean) =>
    (callback: (...values: unknown[]) => void, delay = 0, ...values: unknown[]): VirtualTimeout =>
      new VirtualTimeout(current(), () => callback(...values), Math.max(1, Number(delay) || 0), repeats);
  const setTimeout = Object.assign(start(false), {
    [promisify.custom]: (delay?: number, value?: unknown) =>
      new Promise((resolve) => setTimeout(() => resolve(value), delay)),
  });
  const stop = (timeout: unknown): void => {
    if (timeout instanceof VirtualTimeout) timeout.close();
    else clearReal(timeout as NodeJS.Timeout);
  };
  const clearReal = globalThis.clearTimeout;
  const parts = {
    setTimeout,
    setInterval: start(true),
    clearTimeout: stop,
    clearInterval: stop,
    Date: virtualDate(() => current().now()),
  };
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: true });
  }
  return () => {
    installed = false;
    for (const name of NAMES) Object.defineProperty(globalThis, name, real[name]!);
  };
}

function virtualDate(now: () => number): DateConstructor {
  const RealDate = globalThis.Date;
  return new Proxy(RealDate, {
    construct: (target, values, newTarget) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
  });
}

import { randomBytes } from 'node:crypto';

import type { Environment, Timer } from '@statewire/nest';

/** The real clock, with timers and ids that a test can look at. */
export class WatchedEnvironment implements Environment {
  readonly timers = new Set<Timer>();
  readonly ids: string[] = [];
  /** Milliseconds by which the wall clock is wrong. */
  skewMs = 0;
  private isStopped = false;
  private late: (() => void)[] = [];

  /** Stops the timers, as a stopped process does, until it is called with false. */
  stop(isStopped: boolean): void {
    this.isStopped = isStopped;
    if (!isStopped) for (const callback of this.late.splice(0)) callback();
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(callback: () => void, delay: number): Timer {
    const fire = (): void => {
      if (this.timers.delete(timer)) callback();
    };
    const handle = setTimeout(
      () => {
        if (this.isStopped) this.late.push(fire);
        else fire();
      },
      Math.max(0, delay),
    );
    const timer: Timer = {
      cancel: () => {
        clearTimeout(handle);
        this.timers.delete(timer);
      },
    };
    this.timers.add(timer);
    return timer;
  }

  defer(callback: () => void): void {
    setImmediate(callback);
  }

  random(): number {
    return Math.random();
  }

  id(): string {
    const id = randomBytes(16).toString('base64url');
    this.ids.push(id);
    return id;
  }
}

import type { Environment, Timer } from '../environment.js';

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** An arbitrary moment, so that times look like times. */
const START = 1_700_000_000_000;

/** A clock that moves only when told, and everything else that is impure made repeatable. */
export class VirtualEnvironment implements Environment {
  private elapsed = 0;
  private created = 0;
  private readonly timers = new Set<Waiting>();
  private deferred: (() => void)[] = [];
  private seed: number;

  constructor(seed = 1) {
    this.seed = seed;
  }

  /** Timers that have not fired. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  now(): number {
    return START + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimer(callback: () => void, delay: number): Timer {
    const waiting: Waiting = { at: this.elapsed + Math.max(0, delay), order: ++this.created, callback };
    this.timers.add(waiting);
    return { cancel: () => void this.timers.delete(waiting) };
  }

  defer(callback: () => void): void {
    this.deferred.push(callback);
  }

  /** A linear congruential generator (constants of Numerical Recipes): good enough to vary tests. */
  random(): number {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.seed / 2 ** 32;
  }

  id(): string {
    return `id-${String(++this.created).padStart(19, '0')}`;
  }

  /** Ends the current turn: runs what was deferred. */
  tick(): void {
    const deferred = this.deferred;
    this.deferred = [];
    for (const callback of deferred) callback();
  }

  /** Lets promises settle and turns end until nothing moves without time passing. */
  async settle(): Promise<void> {
    do {
      this.tick();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.deferred.length > 0);
  }

  /** Lets `duration` ms pass; timers fire in order, and what each sets off settles before the next. */
  async advance(duration: number): Promise<void> {
    const end = this.elapsed + duration;
    await this.settle();
    for (let next = this.nextUntil(end); next !== undefined; next = this.nextUntil(end)) {
      this.timers.delete(next);
      this.elapsed = Math.max(this.elapsed, next.at);
      next.callback();
      await this.settle();
    }
    this.elapsed = Math.max(this.elapsed, end);
  }

  /** Lets time pass while nothing runs: a process that is stalled or asleep. */
  stall(duration: number): void {
    this.elapsed += duration;
  }

  private nextUntil(end: number): Waiting | undefined {
    let next: Waiting | undefined;
    for (const timer of this.timers) {
      if (timer.at > end) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

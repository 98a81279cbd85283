import type { Timer } from './environment.js';

/** The process that a timer belongs to. */
export interface TimerOwner {
  /** Virtual time before which none of its timers runs. */
  readonly suspendedUntil: number;
}

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly owner: TimerOwner;
  readonly callback: () => void;
}

/** For a host without `setImmediate`: more turns than the longest chain of promises in the packages. */
const MICROTASKS = 40;

/** The time that the processes of one simulation share, with their timers. */
export class VirtualScheduler {
  elapsed = 0;
  ids = 0;
  private order = 0;
  private readonly pending = new Set<Pending>();
  private deferred: { readonly owner: TimerOwner; readonly callback: () => void }[] = [];
  private stirred = false;

  set(owner: TimerOwner, callback: () => void, delay: number): Timer {
    const pending: Pending = { due: this.elapsed + delay, order: this.order++, owner, callback };
    this.pending.add(pending);
    return { cancel: () => this.pending.delete(pending) };
  }

  defer(owner: TimerOwner, callback: () => void): void {
    this.deferred.push({ owner, callback });
  }

  stir(): void {
    this.stirred = true;
  }

  count(owner?: TimerOwner): number {
    if (owner === undefined) return this.pending.size;
    let count = 0;
    for (const pending of this.pending) if (pending.owner === owner) count += 1;
    return count;
  }

  /** Drops the timers and deferred callbacks of a process. */
  drop(owner: TimerOwner): void {
    for (const pending of this.pending) if (pending.owner === owner) this.pending.delete(pending);
    this.deferred = this.deferred.filter((one) => one.owner !== owner);
  }

  tick(): void {
    const deferred = this.deferred;
    this.deferred = [];
    for (const { callback } of deferred) callback();
  }

  async settle(quietTurns: number): Promise<void> {
    let quiet = 0;
    while (quiet < quietTurns) {
      this.stirred = false;
      // Promises settle before a turn ends.
      await eventLoopTurn();
      quiet = this.stirred || this.deferred.length > 0 ? 0 : quiet + 1;
      this.tick();
    }
  }

  /** Runs the next timer that is due until `end`. @returns false if there is none. */
  runNext(end: number): boolean {
    const next = this.next(end);
    if (next === undefined) return false;
    this.elapsed = Math.max(this.elapsed, dueOf(next));
    this.pending.delete(next);
    next.callback();
    return true;
  }

  private next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.pending) {
      if (dueOf(pending) <= end && (first === undefined || isBefore(pending, first))) first = pending;
    }
    return first;
  }
}

function dueOf({ due, owner }: Pending): number {
  return Math.max(due, owner.suspendedUntil);
}

/** Timers that a suspended process missed keep their order. */
function isBefore(one: Pending, other: Pending): boolean {
  return (dueOf(one) - dueOf(other) || one.due - other.due || one.order - other.order) < 0;
}

/** Waits for one turn of the event loop, so that promises settle and Node's streams flow. */
async function eventLoopTurn(): Promise<void> {
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (immediate !== undefined) return new Promise((resolve) => void immediate(resolve));
  for (let turn = 0; turn < MICROTASKS; turn++) await Promise.resolve();
}

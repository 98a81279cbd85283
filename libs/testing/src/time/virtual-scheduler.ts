import type { Timer } from './environment.js';

/** Whose timers they are, and whether they run. */
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

/** Where the host has no `setImmediate`: more turns than the longest chain of promises here. */
const MICROTASKS = 40;

/** The time that several processes of one simulation share, and what waits for it. */
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

  /** Nothing of this owner runs any more. */
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
      this.tick();
      this.stirred = false;
      await eventLoopTurn();
      quiet = this.stirred || this.deferred.length > 0 ? 0 : quiet + 1;
    }
  }

  /** Runs the next timer that is due until `end`. @returns false where there is none. */
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

/** Timers that a suspended process missed run in the order they had. */
function isBefore(one: Pending, other: Pending): boolean {
  return (dueOf(one) - dueOf(other) || one.due - other.due || one.order - other.order) < 0;
}

/** A turn of the event loop where the host has one to offer, which lets every promise settle and Node's streams flow. */
async function eventLoopTurn(): Promise<void> {
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (immediate !== undefined) return new Promise((resolve) => void immediate(resolve));
  for (let turn = 0; turn < MICROTASKS; turn++) await Promise.resolve();
}

import type { TestEnvironment, Timer, WebSocketLike } from './environment.js';
import type { TimerOwner, VirtualScheduler } from './virtual-scheduler.js';

/** 24.8 days. Hosts keep a delay in 32 bits, and run a timer with a longer one at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * What one process of a simulation has for itself: its timers, its wall clock, its randomness. Time passes for all of
 * them together. Satisfies the environment of a client and that of a server.
 */
export class VirtualProcess implements TestEnvironment, TimerOwner {
  openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  fetch: typeof globalThis.fetch | undefined;
  /** @internal */
  suspendedUntil = 0;

  private isDead = false;
  private state: number;
  private readonly wakers = new Set<(cause: 'online' | 'visible') => void>();

  /** @internal */
  constructor(
    protected readonly scheduler: VirtualScheduler,
    seed: number,
    private wallOffset: number,
  ) {
    this.state = seed >>> 0;
  }

  readonly now = (): number => Math.floor(this.wallOffset + this.scheduler.elapsed);

  readonly monotonic = (): number => this.scheduler.elapsed;

  readonly setTimer = (callback: () => void, delay: number): Timer => {
    if (this.isDead) return { cancel: () => undefined };
    // As real timers do it.
    return this.scheduler.set(this, callback, delay > MAX_DELAY_MS ? 1 : Math.max(0, delay));
  };

  /** For the server: runs at the end of the current turn. */
  readonly defer = (callback: () => void): void => {
    if (!this.isDead) this.scheduler.defer(this, callback);
  };

  /** mulberry32 (T. Ettinger, public domain): small, and good enough to spread test cases. */
  readonly random = (): number => {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  readonly id = (): string => `${String(this.scheduler.ids++).padStart(12, '0')}-virtual-id`;

  readonly onWake = (callback: (cause: 'online' | 'visible') => void): (() => void) => {
    this.wakers.add(callback);
    return () => this.wakers.delete(callback);
  };

  /** How many of its timers wait; 0 when everything was released. */
  get timers(): number {
    return this.scheduler.count(this);
  }

  /** How many listen for `online` and `visible`. */
  get wakeListeners(): number {
    return this.wakers.size;
  }

  wake(cause: 'online' | 'visible'): void {
    for (const waker of [...this.wakers]) waker(cause);
  }

  /** Somebody sets the wall clock; the monotonic one does not care. */
  setWallClock(now: number): void {
    this.wallOffset = now - this.scheduler.elapsed;
  }

  /** For `ms` none of its timers runs, while the clocks go on: they run late, all at once, afterwards. */
  suspend(ms: number): void {
    this.suspendedUntil = Math.max(this.suspendedUntil, this.scheduler.elapsed + ms);
  }

  /** The process dies: none of its timers runs, and it gets no more. */
  kill(): void {
    this.isDead = true;
    this.scheduler.drop(this);
  }
}

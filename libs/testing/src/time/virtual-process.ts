import type { TestEnvironment, Timer, WebSocketLike } from './environment.js';
import type { VirtualScheduler } from './virtual-scheduler.js';

/** 24.8 days. Hosts keep a delay in 32 bits, and run a timer with a longer one at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * One process of a simulation, with its own timers, wall clock and randomness. Time passes for all processes together.
 * It satisfies the environment of a client and the environment of a server.
 */
export class VirtualProcess implements TestEnvironment {
  /** Undefined until a server or a network sets it. */
  openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  /** Undefined until a server or a network sets it. */
  fetch: typeof globalThis.fetch | undefined;
  /** Undefined: each client may hold a poll, as if each had a browser of its own. */
  tryLock: ((name: string) => Promise<(() => void) | undefined>) | undefined;
  /** @internal */
  suspendedUntil = 0;

  private isDead = false;
  private state: number;
  private readonly wakers = new Set<(cause: 'online' | 'visible') => void>();
  private readonly pausers = new Set<(isPaused: boolean) => void>();

  /** @internal */
  constructor(
    /** @internal */
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
    // Real timers do the same.
    return this.scheduler.set(this, callback, delay > MAX_DELAY_MS ? 1 : Math.max(0, delay));
  };

  /** Runs a callback of the server at the end of the current turn. */
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

  /** Calls `callback` at each {@link wake}. Returns a function that removes it. */
  readonly onWake = (callback: (cause: 'online' | 'visible') => void): (() => void) => {
    this.wakers.add(callback);
    return () => this.wakers.delete(callback);
  };

  /** Calls `callback` at each {@link hidePage} and {@link showPage}. Returns a function that removes it. */
  readonly onPause = (callback: (isPaused: boolean) => void): (() => void) => {
    this.pausers.add(callback);
    return () => this.pausers.delete(callback);
  };

  /** Number of its timers that wait. 0 when everything was released. */
  get timers(): number {
    return this.scheduler.count(this);
  }

  /** Number of listeners for the network and the page. */
  get wakeListeners(): number {
    return this.wakers.size + this.pausers.size;
  }

  /** Tells the client that its network is back (`online`) or that its page is visible again (`visible`). */
  wake(cause: 'online' | 'visible'): void {
    for (const waker of [...this.wakers]) waker(cause);
  }

  /** Tells the client that the user left its page. The browser may keep the page in its back/forward cache. */
  hidePage(): void {
    for (const pauser of [...this.pausers]) pauser(true);
  }

  /** Tells the client that its page is back from the back/forward cache. */
  showPage(): void {
    for (const pauser of [...this.pausers]) pauser(false);
  }

  /** Sets the wall clock. The monotonic clock stays. `now` is in milliseconds since the Unix epoch. */
  setWallClock(now: number): void {
    this.wallOffset = now - this.scheduler.elapsed;
  }

  /** Runs none of its timers for `ms`, while the clocks go on. The timers run late, after that time. */
  suspend(ms: number): void {
    this.suspendedUntil = Math.max(this.suspendedUntil, this.scheduler.elapsed + ms);
  }

  /** Ends the process: none of its timers runs, and it gets no new ones. */
  kill(): void {
    this.isDead = true;
    this.scheduler.drop(this);
  }
}

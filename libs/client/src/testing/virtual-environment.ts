import { LONGEST_DELAY, type Environment, type Timer, type WebSocketLike } from '../environment.js';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Where the host has no `setImmediate`: more turns than the longest chain of promises here. */
const MICROTASKS = 40;

export interface VirtualEnvironmentOptions {
  /** What its randomness grows from. Default 1. */
  readonly seed?: number;
  /** The wall clock at the beginning, ms since the Unix epoch. Default: the first of January 2026. */
  readonly start?: number;
}

/**
 * The environment of a client or of a server, or of both, whose clock moves only when a test says so, and whose
 * randomness comes from a seed: the same test is the same history every time.
 *
 * @example
 * const environment = new VirtualEnvironment();
 * const server = new FakeServer(environment);
 * const client = createRealtimeClient({ origin: 'http://fake', environment });
 * await environment.advance(500);
 */
export class VirtualEnvironment implements Environment {
  openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  fetch: typeof globalThis.fetch | undefined;

  private elapsed = 0;
  private wallOffset: number;
  private order = 0;
  private ids = 0;
  private state: number;
  private readonly pending = new Set<Pending>();
  private deferred: (() => void)[] = [];
  private stirred = false;
  private readonly wakers = new Set<(cause: 'online' | 'visible') => void>();

  constructor({ seed = 1, start = Date.UTC(2026, 0, 1) }: VirtualEnvironmentOptions = {}) {
    this.state = seed >>> 0;
    this.wallOffset = start;
  }

  readonly now = (): number => this.wallOffset + this.elapsed;

  readonly monotonic = (): number => this.elapsed;

  readonly setTimer = (callback: () => void, delay: number): Timer => {
    // As real timers do it.
    const kept = delay > LONGEST_DELAY ? 1 : Math.max(0, delay);
    const pending: Pending = { due: this.elapsed + kept, order: this.order++, callback };
    this.pending.add(pending);
    return { cancel: () => this.pending.delete(pending) };
  };

  /** For the server: runs at the end of the current turn, which {@link settle} brings about. */
  readonly defer = (callback: () => void): void => {
    this.deferred.push(callback);
  };

  /** mulberry32 (T. Ettinger, public domain): small, and good enough to spread test cases. */
  readonly random = (): number => {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  readonly id = (): string => `${String(this.ids++).padStart(12, '0')}-virtual-id`;

  readonly onWake = (callback: (cause: 'online' | 'visible') => void): (() => void) => {
    this.wakers.add(callback);
    return () => this.wakers.delete(callback);
  };

  /** How many timers wait; 0 when everything was released. */
  get timers(): number {
    return this.pending.size;
  }

  /** How many listen for `online` and `visible`. */
  get wakeListeners(): number {
    return this.wakers.size;
  }

  /** Lets `ms` pass: every timer runs at its time, and promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await this.settle();
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.elapsed = Math.max(this.elapsed, next.due);
      this.pending.delete(next);
      next.callback();
      await this.settle();
    }
    this.elapsed = end;
  }

  /** Ends the current turn of a server: runs what was deferred. */
  tick(): void {
    const deferred = this.deferred;
    this.deferred = [];
    for (const callback of deferred) callback();
  }

  /** Notes that something moves that is neither timer nor promise, bytes for example: {@link settle} waits for its end. */
  readonly stir = (): void => {
    this.stirred = true;
  };

  /** Lets promises settle, and turns end, until nothing moves without time passing. */
  async settle(): Promise<void> {
    do {
      this.tick();
      this.stirred = false;
      await eventLoopTurn();
    } while (this.stirred || this.deferred.length > 0);
  }

  /**
   * Advances, timer by timer, until the condition holds.
   *
   * @param ms how long that may take. Default 60,000.
   * @throws Error when it did not hold by then; `describe` says what was the case instead.
   */
  async until(condition: () => boolean, ms = 60_000, describe?: () => string): Promise<void> {
    const end = this.elapsed + ms;
    await this.settle();
    while (!condition()) {
      const next = this.next(end);
      if (next === undefined && this.elapsed >= end) {
        const instead = describe === undefined ? '' : ` Instead: ${describe()}`;
        throw new Error(`It did not happen within ${ms} ms of virtual time.${instead}`);
      }
      await this.advance((next === undefined ? end : Math.max(next.due, this.elapsed)) - this.elapsed);
    }
  }

  /** The machine sleeps or the tab is frozen: the clocks go on, no timer runs. They run late, all at once, afterwards. */
  async sleep(ms: number): Promise<void> {
    this.elapsed += ms;
    await this.advance(0);
  }

  /** Somebody sets the wall clock; the monotonic one does not care. */
  setWallClock(now: number): void {
    this.wallOffset = now - this.elapsed;
  }

  wake(cause: 'online' | 'visible'): void {
    for (const waker of [...this.wakers]) waker(cause);
  }

  private next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.pending) {
      if (pending.due > end) continue;
      if (!first || pending.due < first.due || (pending.due === first.due && pending.order < first.order))
        first = pending;
    }
    return first;
  }
}

/** A turn of the event loop where the host has one to offer, which lets every promise settle and Node's streams flow. */
async function eventLoopTurn(): Promise<void> {
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (immediate !== undefined) return new Promise((resolve) => void immediate(resolve));
  for (let turn = 0; turn < MICROTASKS; turn++) await Promise.resolve();
}

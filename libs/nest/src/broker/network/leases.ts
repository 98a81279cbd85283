import type { BrokerCounters } from '../../core/broker-counters.js';
import { BrokerError, type Lease } from '../../core/broker.js';
import type { Environment, Timer } from '../../core/environment.js';
import { disposedError } from './errors.js';

/** Renewals within the time to live. */
const RENEWALS = 3;
/** The holder gives a lease up this long before the server does, but at most a sixth of the time to live. */
const MARGIN_MS = 1_000;
/** A server that is out of reach is asked again when it is back, and after this time. */
const RETRY_MS = 1_000;

/** The leases of all nodes, as a server keeps them. */
export interface LeaseStore {
  /** Returns the node that holds the lease. */
  holder(name: string): Promise<string | undefined>;
  /**
   * Takes a free lease for this node and `ttlMs`. The reply may get lost, so the same `call` takes the lease of this node
   * once more.
   */
  take(name: string, call: string, ttlMs: number): Promise<TakenLease>;
  /** Keeps the lease for another `ttlMs`. Resolves with false if the token does not hold it any more. */
  renew(name: string, token: number, ttlMs: number): Promise<boolean>;
  /** Gives the lease back, and wakes the nodes that wait for it. */
  release(name: string, token: number): Promise<void>;
  /**
   * Calls `wake` for each release, also on later connections, until `unwatch`. A second call with the same function adds
   * nothing. Resolves when no release is missed any more.
   */
  watch(name: string, wake: () => void): Promise<void>;
  /** Ends the calls of `wake`. */
  unwatch(name: string, wake: () => void): void;
}

/** The token of a lease that this node has taken, or the milliseconds for which another node holds it at least. */
export type TakenLease = { readonly token: number } | { readonly heldForMs: number };

/** A lease of this node. */
class HeldLease implements Lease {
  readonly lost: Promise<void>;
  timer: Timer | undefined;
  /** By the monotonic clock. The holder gives the lease up then, unless the server has renewed it. */
  validUntil = 0;
  isHeld = true;
  private lose!: () => void;

  constructor(
    readonly name: string,
    readonly token: number,
    private readonly onRelease: (lease: HeldLease) => Promise<void>,
  ) {
    this.lost = new Promise((resolve) => (this.lose = resolve));
  }

  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.drop();
    await this.onRelease(this);
  }

  /** The node has the lease no more, and its holder has to stop. */
  end(): void {
    if (!this.isHeld) return;
    this.drop();
    this.lose();
  }

  private drop(): void {
    this.isHeld = false;
    this.timer?.cancel();
  }
}

/** The leases of this node, and the calls that wait for one. */
export class Leases {
  private readonly held = new Set<HeldLease>();
  private readonly waiting = new Set<() => void>();
  private calls = 0;
  private isDisposed = false;

  /** @param ttlMs time after which the server gives a lease without a renewal to another node. */
  constructor(
    private readonly store: LeaseStore,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly ttlMs: number,
    private readonly counters?: BrokerCounters,
  ) {}

  /** Number of held leases and of calls that wait. */
  get size(): number {
    return this.held.size + this.waiting.size;
  }

  /** Does what `Broker.lease` describes. */
  async lease(name: string, signal?: AbortSignal): Promise<Lease | undefined> {
    if (this.isDisposed) throw disposedError();
    if (signal !== undefined) return this.waitFor(name, signal);
    const attempt = await this.attempt(name);
    return attempt instanceof HeldLease ? attempt : undefined;
  }

  /** Returns the node that holds the lease. */
  async holder(name: string): Promise<string | undefined> {
    return this.store.holder(name);
  }

  /** Whether this node holds the lease. */
  holds(name: string): boolean {
    return [...this.held].some((lease) => lease.name === name);
  }

  /** Has the waiting calls try again, because a release may have been missed. */
  wake(): void {
    for (const wake of [...this.waiting]) wake();
  }

  /** Releases all leases. Their holders learn that they are lost. */
  async dispose(): Promise<void> {
    this.isDisposed = true;
    const released = [...this.held].map((lease) => {
      lease.end();
      return this.release(lease);
    });
    this.wake();
    await Promise.all(released);
  }

  /** Returns the lease, or the milliseconds for which another node holds it at least. */
  private async attempt(name: string): Promise<HeldLease | number> {
    const sentAt = this.environment.monotonic();
    this.calls += 1;
    const taken = await this.store.take(name, String(this.calls), this.ttlMs);
    if ('heldForMs' in taken) return taken.heldForMs;
    const lease = new HeldLease(name, taken.token, (released) => this.release(released));
    if (this.isDisposed) {
      lease.end();
      await this.release(lease);
      throw disposedError();
    }
    this.held.add(lease);
    this.counters?.lease('gained');
    this.extend(lease, sentAt);
    return lease;
  }

  private async waitFor(name: string, signal: AbortSignal): Promise<Lease | undefined> {
    let wake = (): void => undefined;
    const onWake = (): void => wake();
    signal.addEventListener('abort', onWake);
    this.waiting.add(onWake);
    try {
      while (!signal.aborted) {
        if (this.isDisposed) throw disposedError();
        const woken = new Promise<void>((resolve) => (wake = resolve));
        // Listens before it asks, so that it misses no release.
        await this.store.watch(name, onWake).catch(() => undefined);
        const lease = await this.attempt(name).catch(passUnavailable);
        if (lease instanceof HeldLease) {
          if (!signal.aborted) return lease;
          await lease.release();
          return undefined;
        }
        await this.sleep(lease, woken);
      }
      return undefined;
    } finally {
      signal.removeEventListener('abort', onWake);
      this.waiting.delete(onWake);
      this.store.unwatch(name, onWake);
    }
  }

  private async sleep(heldForMs: number, woken: Promise<void>): Promise<void> {
    let timer!: Timer;
    const timeout = new Promise<void>((resolve) => (timer = this.environment.setTimer(resolve, heldForMs)));
    await Promise.race([woken, timeout]);
    timer.cancel();
  }

  /** The server has granted the lease by an answer to what was sent at `sentAt`. */
  private extend(lease: HeldLease, sentAt: number): void {
    lease.validUntil = sentAt + this.ttlMs - Math.min(MARGIN_MS, this.ttlMs / 6);
    this.renewLater(lease);
  }

  private renewLater(lease: HeldLease): void {
    lease.timer?.cancel();
    const left = lease.validUntil - this.environment.monotonic();
    lease.timer = this.environment.setTimer(
      () => this.renew(lease),
      Math.max(0, Math.min(left, this.ttlMs / RENEWALS)),
    );
  }

  private renew(lease: HeldLease): void {
    const sentAt = this.environment.monotonic();
    if (sentAt >= lease.validUntil) return this.lose(lease);
    this.renewLater(lease);
    this.store.renew(lease.name, lease.token, this.ttlMs).then(
      (isRenewed) => {
        if (!lease.isHeld) return;
        if (isRenewed) this.extend(lease, sentAt);
        else this.lose(lease);
      },
      // The timer tries again until the lease has run out.
      () => undefined,
    );
  }

  private lose(lease: HeldLease): void {
    this.held.delete(lease);
    this.counters?.lease('lost');
    lease.end();
  }

  /** A server that is out of reach ends the lease by its time to live. */
  private async release(lease: HeldLease): Promise<void> {
    if (this.held.delete(lease)) this.counters?.lease('released');
    await this.store.release(lease.name, lease.token).catch(() => undefined);
  }
}

function passUnavailable(error: unknown): number {
  if (error instanceof BrokerError && (error.code === 'unavailable' || error.code === 'full')) return RETRY_MS;
  throw error;
}

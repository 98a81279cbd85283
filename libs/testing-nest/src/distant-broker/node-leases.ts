import type { Environment, Lease, Timer } from '@statewire/nest';

import type { PendingCalls } from './pending-calls.js';
import { LEASE_TTL_MS } from './session-leases.js';

/** Milliseconds between two signs of life of a node that holds something. */
const RENEW_INTERVAL_MS = 2_000;

/** Milliseconds before the end of its time to live in which a node counts a lease as lost. */
const LEASE_MARGIN_MS = 1_000;

interface HeldLease {
  readonly lose: () => void;
  expiry: Timer;
}

/** The leases of a node. It renews them, and with them everything that the server keeps as long as the node lives. */
export class NodeLeases {
  private readonly held = new Map<number, HeldLease>();
  /** The other data that the server keeps for the node. */
  private readonly others = new Set<string>();
  private lastId = 0;
  private beat: Timer | undefined;
  private isStopped = false;

  constructor(
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly calls: PendingCalls,
  ) {}

  async lease(name: string, signal: AbortSignal | undefined): Promise<Lease | undefined> {
    while (!signal?.aborted) {
      const id = ++this.lastId;
      const askedAt = this.environment.monotonic();
      const token = await this.ask(id, name, signal);
      if (token === undefined) return undefined;
      const now = this.environment.monotonic();
      // Otherwise the node waited for the lease, and the server may have granted it long ago.
      const isFresh = now - askedAt < LEASE_MARGIN_MS;
      const lost = new Promise<void>((resolve) => this.keep(id, isFresh ? askedAt : now, resolve));
      if (!isFresh && !(await this.renew()).has(id)) continue;
      const release = async (): Promise<void> => {
        if (!this.discard(id)) return;
        await this.calls.call((session) => session.leases.release(id)).catch(() => undefined);
      };
      return { name, token, lost, release };
    }
    return undefined;
  }

  /** The server keeps something else for the node from now on. */
  hold(what: string): void {
    this.others.add(what);
    this.beatLater();
  }

  drop(what: string): void {
    this.others.delete(what);
  }

  /** Renews everything, because the node has connected again. */
  renewSoon(): void {
    if (this.held.size + this.others.size > 0) this.renew().catch(() => undefined);
  }

  loseAll(): void {
    for (const id of [...this.held.keys()]) this.lose(id);
  }

  /** Stops all timers. */
  stop(): void {
    this.isStopped = true;
    this.beat?.cancel();
    for (const { expiry } of this.held.values()) expiry.cancel();
    this.held.clear();
    this.others.clear();
  }

  private async ask(id: number, name: string, signal: AbortSignal | undefined): Promise<number | undefined> {
    const asking = this.calls.call(
      (session) => session.leases.grant(id, name, signal !== undefined),
      signal === undefined ? {} : { timeoutMs: 0 },
    );
    if (signal === undefined) return asking;
    let onAbort!: () => void;
    const aborted = new Promise<undefined>((resolve) => {
      onAbort = () => {
        // Behind the call on the same line, so that the server has started the wait or has granted the lease.
        this.calls.call((session) => session.leases.release(id)).catch(() => undefined);
        resolve(undefined);
      };
    });
    signal.addEventListener('abort', onAbort);
    return Promise.race([asking, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
  }

  private keep(id: number, since: number, lose: () => void): void {
    this.held.set(id, { lose, expiry: this.expireLater(id, since) });
    this.beatLater();
  }

  private async renew(): Promise<ReadonlySet<number>> {
    const since = this.environment.monotonic();
    const ids = [...this.held.keys()];
    const renewed = await this.calls.call((session) => session.leases.renew(ids));
    for (const id of ids) {
      const held = this.held.get(id);
      if (held === undefined) continue;
      if (!renewed.has(id)) {
        this.lose(id);
        continue;
      }
      held.expiry.cancel();
      held.expiry = this.expireLater(id, since);
    }
    return renewed;
  }

  /** By the monotonic clock, from before the last renewal was sent. */
  private expireLater(id: number, since: number): Timer {
    const delay = since + LEASE_TTL_MS - LEASE_MARGIN_MS - this.environment.monotonic();
    return this.environment.setTimer(() => this.lose(id), Math.max(0, delay));
  }

  private lose(id: number): void {
    const held = this.held.get(id);
    if (held === undefined) return;
    this.discard(id);
    held.lose();
  }

  private discard(id: number): boolean {
    this.held.get(id)?.expiry.cancel();
    return this.held.delete(id);
  }

  private beatLater(): void {
    if (this.beat !== undefined || this.isStopped) return;
    this.beat = this.environment.setTimer(() => {
      this.beat = undefined;
      if (this.held.size + this.others.size === 0) return;
      this.renew().catch(() => undefined);
      this.beatLater();
    }, RENEW_INTERVAL_MS);
  }
}

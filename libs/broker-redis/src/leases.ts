import { BrokerError, type BrokerContext, type Lease, type Timer } from '@statewire/nest';

import type { Channels } from './channels.js';
import { disposedError } from './errors.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { leaseScripts } from './scripts/node-scripts.js';

/** Renewals within the time to live. */
const RENEWALS = 3;
/** The holder gives a lease up this long before the server does, but at most a sixth of the time to live. */
const MARGIN_MS = 1_000;

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

  constructor(
    private readonly node: string,
    private readonly link: Pick<RedisLink, 'run'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
    private readonly environment: BrokerContext['environment'],
    private readonly ttlMs: number,
  ) {}

  get size(): number {
    return this.held.size + this.waiting.size;
  }

  async lease(name: string, signal?: AbortSignal): Promise<Lease | undefined> {
    if (this.isDisposed) throw disposedError();
    if (signal !== undefined) return this.waitFor(name, signal);
    const attempt = await this.attempt(name);
    return attempt instanceof HeldLease ? attempt : undefined;
  }

  /** Returns the node that holds the lease. */
  async holder(name: string): Promise<string | undefined> {
    const { partition, key } = this.keys.lease(name);
    const node = await this.link.run({ script: leaseScripts.holder, partition, keys: [key], args: [] });
    return (node as string | null) ?? undefined;
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
    const { partition, key } = this.keys.lease(name);
    const sentAt = this.environment.monotonic();
    const reply = await this.link.run({
      script: leaseScripts.lease,
      partition,
      keys: [key],
      args: [this.node, String(this.ttlMs), String((this.calls += 1))],
    });
    const [outcome, value] = reply as [string, number];
    if (outcome === 'HELD') return value;
    const lease = new HeldLease(name, value, (released) => this.release(released));
    if (this.isDisposed) {
      lease.end();
      await this.release(lease);
      throw disposedError();
    }
    this.held.add(lease);
    this.extend(lease, sentAt);
    return lease;
  }

  private async waitFor(name: string, signal: AbortSignal): Promise<Lease | undefined> {
    let wake = (): void => undefined;
    const onAbort = (): void => wake();
    const onMessage = (): void => wake();
    const onWake = (): void => wake();
    const { partition, key } = this.keys.lease(name);
    signal.addEventListener('abort', onAbort);
    this.waiting.add(onWake);
    try {
      while (!signal.aborted) {
        if (this.isDisposed) throw disposedError();
        const woken = new Promise<void>((resolve) => (wake = resolve));
        // Listens before it asks, so that it misses no release. The handler stays over reconnections.
        await this.channels.add(partition, key, onMessage).catch(() => undefined);
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
      signal.removeEventListener('abort', onAbort);
      this.waiting.delete(onWake);
      this.channels.remove(key, onMessage);
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
    const { partition, key } = this.keys.lease(lease.name);
    this.link
      .run({ script: leaseScripts.renew, partition, keys: [key], args: [String(lease.token), String(this.ttlMs)] })
      .then(
        (isRenewed) => {
          if (!lease.isHeld) return;
          if (isRenewed === 1) this.extend(lease, sentAt);
          else this.lose(lease);
        },
        // The timer tries again until the lease has run out.
        () => undefined,
      );
  }

  private lose(lease: HeldLease): void {
    this.held.delete(lease);
    lease.end();
  }

  /** A server that is out of reach ends the lease by its time to live. */
  private async release(lease: HeldLease): Promise<void> {
    this.held.delete(lease);
    const { partition, key } = this.keys.lease(lease.name);
    await this.link
      .run({ script: leaseScripts.release, partition, keys: [key], args: [String(lease.token)] })
      .catch(() => undefined);
  }
}

/** A server that is out of reach is asked again when it is back, and after this time. */
const RETRY_MS = 1_000;

function passUnavailable(error: unknown): number {
  if (error instanceof BrokerError && (error.code === 'unavailable' || error.code === 'full')) return RETRY_MS;
  throw error;
}

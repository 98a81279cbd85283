import type { Timer } from '@statewire/nest';

import type { DistantServer, GrantedLease } from './distant-server.js';
import type { Session } from './session.js';

/** Milliseconds that a lease lives without being renewed. */
export const LEASE_TTL_MS = 6_000;

/** The leases that the server has granted to one node, by the ids that the node gave them. */
export class SessionLeases {
  private readonly held = new Map<number, { readonly granted: GrantedLease; expiry: Timer }>();
  private readonly waits = new Map<number, AbortController>();

  constructor(
    private readonly server: DistantServer,
    private readonly session: Session,
  ) {}

  get holdings(): readonly string[] {
    return [
      ...[...this.held.values()].map(({ granted }) => `lease ${granted.name}`),
      ...[...this.waits.keys()].map((id) => `wait for lease ${id}`),
    ];
  }

  /** Grants a lease. @returns its token. Undefined: another node holds the lease, or the wait was aborted. */
  async grant(id: number, name: string, waits: boolean): Promise<number | undefined> {
    const wait = new AbortController();
    if (waits) this.waits.set(id, wait);
    const lease = await this.server.memory.lease(name, waits ? { signal: wait.signal } : {});
    this.waits.delete(id);
    if (lease === undefined) return undefined;
    if (wait.signal.aborted) {
      await lease.release();
      return undefined;
    }
    const granted = this.server.grant(this.session, lease);
    this.held.set(id, { granted, expiry: this.expireLater(id) });
    return granted.token;
  }

  /** Ends the wait for a lease, or gives it back. */
  async release(id: number): Promise<void> {
    this.waits.get(id)?.abort();
    const held = this.held.get(id);
    if (held === undefined) return;
    held.expiry.cancel();
    this.held.delete(id);
    await this.server.release(held.granted);
  }

  /** Renews the leases that the node still has. @returns the ids of those that the server has, too. */
  async renew(ids: readonly number[]): Promise<ReadonlySet<number>> {
    const renewed = ids.filter((id) => this.held.has(id));
    for (const id of renewed) {
      const held = this.held.get(id)!;
      held.expiry.cancel();
      held.expiry = this.expireLater(id);
    }
    return new Set(renewed);
  }

  async releaseAll(): Promise<void> {
    for (const id of [...this.held.keys()]) await this.release(id);
  }

  stopWaiting(): void {
    for (const wait of this.waits.values()) wait.abort();
  }

  /** The server has lost everything. */
  forget(): void {
    for (const { expiry } of this.held.values()) expiry.cancel();
    this.held.clear();
    this.waits.clear();
  }

  private expireLater(id: number): Timer {
    return this.server.environment.setTimer(() => void this.release(id), LEASE_TTL_MS);
  }
}

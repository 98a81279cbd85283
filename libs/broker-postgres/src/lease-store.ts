import type { BrokerContext } from '@statewire/nest';
import type { LeaseStore, TakenLease } from '@statewire/nest/broker';

import { limitsOf } from './limits.js';
import type { PostgresLink } from './link.js';
import { leaseKey } from './names.js';
import type { Wakes } from './wakes.js';

/** The leases in PostgreSQL. A release is a message on the channel of the wakes. */
export class PostgresLeaseStore implements LeaseStore {
  private readonly limits: string;

  constructor(
    private readonly node: string,
    private readonly link: Pick<PostgresLink, 'run'>,
    private readonly wakes: Wakes,
    history: BrokerContext['history'],
  ) {
    this.limits = limitsOf(history);
  }

  async holder(name: string): Promise<string | undefined> {
    const [row] = await this.link.run('lease_holder', leaseKey(name));
    return (row?.lease_holder as string | null) ?? undefined;
  }

  async take(name: string, call: string, ttlMs: number): Promise<TakenLease> {
    const [row] = await this.link.run('take_lease', leaseKey(name), this.node, call, ttlMs, this.limits);
    const { held_for: heldForMs, token } = row as { readonly held_for: number | null; readonly token: number };
    return heldForMs === null ? { token } : { heldForMs };
  }

  async renew(name: string, token: number, ttlMs: number): Promise<boolean> {
    const [row] = await this.link.run('renew_lease', leaseKey(name), token, ttlMs);
    return row?.renew_lease === true;
  }

  async release(name: string, token: number): Promise<void> {
    await this.link.run('release_lease', leaseKey(name), token);
  }

  async watch(name: string, wake: () => void): Promise<void> {
    this.wakes.add(aboutLease(name), wake);
  }

  unwatch(name: string, wake: () => void): void {
    this.wakes.remove(aboutLease(name), wake);
  }
}

/** The message that tells of a release. */
function aboutLease(name: string): string {
  return `L ${leaseKey(name)}`;
}

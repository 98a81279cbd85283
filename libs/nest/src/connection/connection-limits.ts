import { RealtimeError } from '../realtime-error.js';
import type { RealtimeLimits } from '../module/options.js';

/** Long enough that a client that is turned away does not come back in the same breath. */
const RETRY_AFTER = 5_000;

type CountedLimits = Pick<RealtimeLimits, 'connectionsPerUser' | 'connectionsPerAddress' | 'pendingPerAddress'>;

/** Counts the connections of this node by user and by address, those included that are not admitted yet. */
export class ConnectionLimits {
  private readonly users = new Counter();
  private readonly addresses = new Counter();
  private readonly pending = new Counter();

  constructor(private readonly limits: CountedLimits) {}

  /**
   * Takes a place for a connection that is not admitted yet.
   *
   * @param address undefined where addresses mean nothing, because a proxy is not known to be one.
   * @throws RealtimeError `too_many_requests`
   */
  enter(address: string | undefined): Seat {
    if (address !== undefined) {
      refuseAt(this.limits.connectionsPerAddress, this.addresses.of(address), 'this address');
      refuseAt(this.limits.pendingPerAddress, this.pending.of(address), 'this address that are not admitted yet');
      this.addresses.add(address);
      this.pending.add(address);
    }
    return new Seat(this, address);
  }

  /** @internal */
  admit(address: string | undefined, user: string | undefined): void {
    if (user !== undefined) {
      refuseAt(this.limits.connectionsPerUser, this.users.of(user), 'this user');
      this.users.add(user);
    }
    if (address !== undefined) this.pending.remove(address);
  }

  /** @internal */
  leave(address: string | undefined, user: string | undefined, pending: boolean): void {
    if (user !== undefined) this.users.remove(user);
    if (address === undefined) return;
    this.addresses.remove(address);
    if (pending) this.pending.remove(address);
  }
}

/** The place of one connection. */
export class Seat {
  private state: 'pending' | 'admitted' | 'left' = 'pending';
  private user: string | undefined;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly address: string | undefined,
  ) {}

  /** @throws RealtimeError `too_many_requests` where the user has as many connections as a user may have. */
  admit(user: string | undefined): void {
    if (this.state !== 'pending') return;
    this.limits.admit(this.address, user);
    this.user = user;
    this.state = 'admitted';
  }

  leave(): void {
    if (this.state === 'left') return;
    this.limits.leave(this.address, this.user, this.state === 'pending');
    this.state = 'left';
  }
}

class Counter {
  private readonly counts = new Map<string, number>();

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const count = this.of(key) - 1;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
  }
}

function refuseAt(limit: number, count: number, whose: string): void {
  if (limit === 0 || count < limit) return;
  throw new RealtimeError('too_many_requests', `There are ${limit} connections of ${whose}: close one or try later.`, {
    retryAfter: RETRY_AFTER,
  });
}

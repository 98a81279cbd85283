import { KeyedBuckets } from './keyed-buckets.js';
import type { Environment } from '../core/environment.js';
import type { RealtimeLimits } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';

/** Long enough that a client that is turned away does not come back in the same breath. */
const RETRY_AFTER = 5_000;

/** All tabs of a user come back at once after an outage, and may be cut a second time meanwhile. */
const USER_BURSTS = 2;

type CountedLimits = Pick<
  RealtimeLimits,
  | 'connectionsPerUser'
  | 'connectionsPerAddress'
  | 'pendingPerAddress'
  | 'connectsPerSecondPerUser'
  | 'connectsPerSecondPerAddress'
>;

/**
 * Counts the connections of this node by user and by address, those included that are not admitted yet, and how fast new
 * ones come. As many as may be open may come at once: whoever shares an address comes back together after an outage.
 */
export class ConnectionLimits {
  private readonly users = new Counter();
  private readonly addresses = new Counter();
  private readonly pending = new Counter();
  private readonly userRates: KeyedBuckets;
  private readonly addressRates: KeyedBuckets;

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: Pick<Environment, 'monotonic'>,
  ) {
    const { connectsPerSecondPerUser, connectsPerSecondPerAddress } = limits;
    this.userRates = bucketsOf(connectsPerSecondPerUser, USER_BURSTS * limits.connectionsPerUser);
    this.addressRates = bucketsOf(connectsPerSecondPerAddress, limits.connectionsPerAddress);
  }

  /** Users and addresses that are remembered, for tests: none when nobody is connected or tries to. */
  get size(): number {
    const now = this.clock.monotonic();
    const rates = this.userRates.sizeAt(now) + this.addressRates.sizeAt(now);
    return rates + this.users.size + this.addresses.size + this.pending.size;
  }

  /**
   * Takes a place for a connection that is not admitted yet.
   *
   * @param address undefined where addresses mean nothing, because a proxy is not known to be one.
   * @throws RealtimeError `too_many_requests`
   */
  enter(address: string | undefined): ConnectionSlot {
    this.refuseTooFast(this.addressRates, address, 'this address');
    if (address !== undefined) {
      refuseAt(this.limits.connectionsPerAddress, this.addresses.of(address), 'this address');
      refuseAt(this.limits.pendingPerAddress, this.pending.of(address), 'this address that are not admitted yet');
      this.addresses.add(address);
      this.pending.add(address);
    }
    return new ConnectionSlot(this, address);
  }

  /** @internal */
  admit(address: string | undefined, user: string | undefined): void {
    this.refuseTooFast(this.userRates, user, 'this user');
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

  private refuseTooFast(rates: KeyedBuckets, key: string | undefined, whose: string): void {
    const retryAfter = rates.refuse(key, this.clock.monotonic());
    if (retryAfter === undefined) return;
    const message = `Connections of ${whose} come too fast: wait for retryAfter.`;
    throw new RealtimeError('too_many_requests', message, { retryAfter });
  }
}

/** The place of one connection. */
export class ConnectionSlot {
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

  get size(): number {
    return this.counts.size;
  }

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

/** Without a limit to how many may be open there is none to how fast they may come. */
function bucketsOf(rate: number, burst: number): KeyedBuckets {
  return new KeyedBuckets(burst === 0 ? 0 : rate, Math.max(rate, burst));
}

function refuseAt(limit: number, count: number, whose: string): void {
  if (limit === 0 || count < limit) return;
  throw new RealtimeError('too_many_requests', `There are ${limit} connections of ${whose}: close one or try later.`, {
    retryAfter: RETRY_AFTER,
  });
}

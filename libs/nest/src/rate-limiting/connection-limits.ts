import type { Environment } from '../core/environment.js';
import type { ConnectionOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { KeyedCounter, RateLimiter } from './rate-limiter.js';

/** Sent with the error if there are too many connections. */
const RETRY_AFTER_MS = 5_000;

/** All tabs of a user may reconnect at once after an outage, and a second time before the bucket is full again. */
const USER_BURSTS = 2;

type CountedLimits = Omit<ConnectionOptions, 'subscriptions'>;

/**
 * Limits the connections of one user and of one address on this node: how many are open, how many are not admitted yet,
 * and how fast new ones arrive. Bursts of as many as may be open pass, because all clients behind one address reconnect
 * at once after an outage.
 */
export class ConnectionLimits {
  private readonly users = new KeyedCounter();
  private readonly addresses = new KeyedCounter();
  private readonly pending = new KeyedCounter();
  private readonly userRates: RateLimiter;
  private readonly addressRates: RateLimiter;

  constructor(
    private readonly limits: CountedLimits,
    clock: Pick<Environment, 'monotonic'>,
  ) {
    const { newPerSecondPerUser, newPerSecondPerAddress, perUser, perAddress } = limits;
    const limiterOf = (whose: string, rate: number, burst: number): RateLimiter => {
      // Without a limit to open connections there is none to new ones.
      const limit = { rate: burst === 0 ? 0 : rate, burst: Math.max(rate, burst) };
      return new RateLimiter(limit, `${whose} opens connections too fast. Wait for retryAfter.`, clock);
    };
    this.userRates = limiterOf('This user', newPerSecondPerUser, USER_BURSTS * perUser);
    this.addressRates = limiterOf('This address', newPerSecondPerAddress, perAddress);
  }

  /** Number of users and addresses in memory, for tests: 0 without connections. */
  get size(): number {
    return this.userRates.size + this.addressRates.size + this.users.size + this.addresses.size + this.pending.size;
  }

  /**
   * Takes a slot for a connection that is not admitted yet.
   *
   * @param address undefined if it is not the address of one client: not limited.
   * @throws RealtimeError `too_many_requests`
   */
  enter(address: string | undefined): ConnectionSlot {
    throwIfRejected(this.addressRates.reject(address));
    if (address !== undefined) {
      const { perAddress, pendingPerAddress } = this.limits;
      throwIfFull(this.addresses.of(address), perAddress, 'connections of this address');
      throwIfFull(this.pending.of(address), pendingPerAddress, 'connections of this address that are not admitted yet');
      this.addresses.add(address);
      this.pending.add(address);
    }
    return new ConnectionSlot(this, address);
  }

  /** @internal */
  admit(address: string | undefined, user: string | undefined): void {
    throwIfRejected(this.userRates.reject(user));
    if (user !== undefined) {
      throwIfFull(this.users.of(user), this.limits.perUser, 'connections of this user');
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

/** The slot of one connection. */
export class ConnectionSlot {
  private state: 'pending' | 'admitted' | 'left' = 'pending';
  private user: string | undefined;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly address: string | undefined,
  ) {}

  /** @throws RealtimeError `too_many_requests` if the user has the maximum of connections, or opens them too fast. */
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

function throwIfRejected(error: RealtimeError | undefined): void {
  if (error) throw error;
}

function throwIfFull(count: number, max: number, whose: string): void {
  if (max === 0 || count < max) return;
  throw new RealtimeError('too_many_requests', `There are ${max} ${whose}. Close one or try later.`, {
    retryAfter: RETRY_AFTER_MS,
  });
}

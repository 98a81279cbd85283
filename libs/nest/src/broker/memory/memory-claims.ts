import type { Environment, Timer } from '../../core/environment.js';
import { BrokerError, type Claim } from '../../core/broker.js';

/** Limits for remembered actions. 0 switches a limit off. */
export interface ClaimLimits {
  /** Running and remembered actions. */
  readonly count: number;
  /** Characters of all remembered answers. */
  readonly size: number;
}

interface Usage {
  count: number;
  size: number;
}

/** The part of each limit that one caller may use. A single caller cannot fill the memory for all others. */
const CALLER_QUOTA = 0.1;

/** Counts the memory that actions use, in total and for each caller. */
class ClaimUsage {
  private readonly total: Usage = { count: 0, size: 0 };
  private readonly callers = new Map<string, Usage>();

  constructor(private readonly limits: ClaimLimits) {}

  get size(): number {
    return this.callers.size;
  }

  /** Counts one more action. @throws BrokerError `full` or `quota_exceeded` */
  reserve(caller: string | undefined): void {
    const { count, size } = this.limits;
    if (isFull(this.total, this.limits)) {
      throw new BrokerError('full', 'The memory for actions is full. Reject the action until older ones expire.');
    }
    if (caller !== undefined) {
      const own = this.callers.get(caller) ?? { count: 0, size: 0 };
      if (isFull(own, { count: Math.ceil(count * CALLER_QUOTA), size: Math.ceil(size * CALLER_QUOTA) })) {
        throw new BrokerError(
          'quota_exceeded',
          'This caller has used up its quota of the memory for actions. Reject the action.',
        );
      }
      this.callers.set(caller, own);
    }
    this.update(caller, { count: 1, size: 0 });
  }

  /** Adds the size of an answer to a counted action. */
  addAnswer(caller: string | undefined, size: number): void {
    this.update(caller, { count: 0, size });
  }

  /** Stops counting an action and its answer. */
  release(caller: string | undefined, size: number): void {
    this.update(caller, { count: -1, size: -size });
  }

  clear(): void {
    this.total.count = this.total.size = 0;
    this.callers.clear();
  }

  private update(caller: string | undefined, { count, size }: Usage): void {
    const own = caller === undefined ? undefined : this.callers.get(caller);
    for (const use of own === undefined ? [this.total] : [this.total, own]) {
      use.count += count;
      use.size += size;
    }
    if (caller !== undefined && own?.count === 0) this.callers.delete(caller);
  }
}

function isFull(use: Usage, { count, size }: ClaimLimits): boolean {
  return (count > 0 && use.count >= count) || (size > 0 && use.size >= size);
}

interface Running {
  readonly state: 'running';
  readonly fingerprint: string;
  readonly caller: string | undefined;
  readonly answer: Promise<string>;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BrokerError) => void;
}

interface Settled {
  readonly state: 'settled';
  readonly fingerprint: string;
  readonly caller: string | undefined;
  readonly answer: string;
  readonly expiresAt: number;
}

/** Milliseconds between two sweeps for expired answers. */
const SWEEP_INTERVAL_MS = 10_000;

/**
 * Remembers running and answered actions. Rejects new claims when its memory is full: if it dropped an old claim early,
 * an action could run twice.
 */
export class MemoryClaims {
  private readonly claims = new Map<string, Running | Settled>();
  private readonly usage: ClaimUsage;
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Environment,
    limits: ClaimLimits,
  ) {
    this.usage = new ClaimUsage(limits);
  }

  get size(): number {
    return this.claims.size + this.usage.size;
  }

  claim(key: string, fingerprint: string, caller: string | undefined): Claim {
    const existing = this.current(key);
    if (existing === undefined) {
      this.usage.reserve(caller);
      this.claims.set(key, running(fingerprint, caller));
      return { outcome: 'claimed' };
    }
    if (existing.fingerprint !== fingerprint) return { outcome: 'conflict' };
    return existing.state === 'running'
      ? { outcome: 'running', answer: existing.answer }
      : { outcome: 'settled', answer: existing.answer };
  }

  settle(key: string, answer: string, window: number): void {
    const claim = this.runningClaim(key);
    const { fingerprint, caller } = claim;
    const expiresAt = this.environment.monotonic() + window;
    this.claims.set(key, { state: 'settled', fingerprint, caller, answer, expiresAt });
    this.usage.addAnswer(caller, answer.length);
    claim.resolve(answer);
    this.sweepLater();
  }

  unclaim(key: string): void {
    const claim = this.runningClaim(key);
    this.claims.delete(key);
    this.usage.release(claim.caller, 0);
    claim.reject(new BrokerError('unclaimed', 'The claim was released without an answer. Claim the action again.'));
  }

  dispose(): void {
    this.sweep?.cancel();
    for (const claim of this.claims.values()) {
      if (claim.state === 'running') claim.reject(new BrokerError('disposed', 'The broker was shut down.'));
    }
    this.claims.clear();
    this.usage.clear();
  }

  private current(key: string): Running | Settled | undefined {
    const claim = this.claims.get(key);
    if (claim?.state !== 'settled' || claim.expiresAt > this.environment.monotonic()) return claim;
    this.forget(key, claim);
    return undefined;
  }

  private runningClaim(key: string): Running {
    const claim = this.claims.get(key);
    if (claim?.state === 'running') return claim;
    throw new BrokerError('not_held', 'The action is not claimed. Only a running action can be settled or unclaimed.');
  }

  private forget(key: string, claim: Settled): void {
    this.claims.delete(key);
    this.usage.release(claim.caller, claim.answer.length);
  }

  private sweepLater(): void {
    this.sweep ??= this.environment.setTimer(() => this.forgetExpired(), SWEEP_INTERVAL_MS);
  }

  private forgetExpired(): void {
    this.sweep = undefined;
    const now = this.environment.monotonic();
    let settled = 0;
    for (const [key, claim] of this.claims) {
      if (claim.state !== 'settled') continue;
      if (claim.expiresAt <= now) this.forget(key, claim);
      else settled += 1;
    }
    if (settled > 0) this.sweepLater();
  }
}

function running(fingerprint: string, caller: string | undefined): Running {
  let resolve!: Running['resolve'];
  let reject!: Running['reject'];
  const answer = new Promise<string>((onAnswer, onError) => {
    resolve = onAnswer;
    reject = onError;
  });
  // There may be no waiter, and an unhandled rejection would end the process.
  answer.catch(() => undefined);
  return { state: 'running', fingerprint, caller, answer, resolve, reject };
}

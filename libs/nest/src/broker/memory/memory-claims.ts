import type { Environment, Timer } from '../../core/environment.js';
import { BrokerError, type Claim, type ClaimOptions } from '../../core/broker.js';

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

/** One caller may use a tenth of what is free of the first half of the memory. */
const CALLER_QUOTA = 0.1;

/**
 * Every caller may use a thousandth of the memory. The second half of the memory serves nothing else, so that a few
 * hundred callers that never confirm an answer leave room for all others.
 */
const CALLER_MINIMUM = 0.001;

/**
 * One client may use half of what its caller has free. A tab that never confirms leaves room for the user's other tabs.
 */
const CLIENT_QUOTA = 0.5;

/** Counts the memory that actions use: in total, for each caller and for each client of a caller. */
class ClaimUsage {
  private readonly total: Usage = { count: 0, size: 0 };
  private readonly parts = new Map<string, Usage>();

  constructor(private readonly limits: ClaimLimits) {}

  /** Number of callers and clients that use memory. */
  get size(): number {
    return this.parts.size;
  }

  /** Counts one more action of the path of a caller. @throws BrokerError `full` or `quota_exceeded` */
  reserve(path: readonly string[]): void {
    let limits = this.limits;
    let used = this.total;
    if (isFull(used, limits)) {
      throw new BrokerError('full', 'The memory for actions is full. Reject the action until older ones expire.');
    }
    for (const [level, part] of path.entries()) {
      limits = level === 0 ? quotaOf(limits, used, callerQuota) : quotaOf(limits, used, clientQuota);
      used = this.parts.get(part) ?? { count: 0, size: 0 };
      if (!isFull(used, limits)) continue;
      const message = 'This caller has used up its quota of the memory for actions. Reject the action.';
      throw new BrokerError('quota_exceeded', message);
    }
    this.add(path, 1, 0);
  }

  /** Adds the size of an answer to a counted action. */
  addAnswer(path: readonly string[], size: number): void {
    this.add(path, 0, size);
  }

  /** Stops counting an action and its answer. */
  release(path: readonly string[], size: number): void {
    this.add(path, -1, -size);
  }

  clear(): void {
    this.total.count = this.total.size = 0;
    this.parts.clear();
  }

  private add(path: readonly string[], count: number, size: number): void {
    this.total.count += count;
    this.total.size += size;
    for (const part of path) {
      const used = this.parts.get(part) ?? { count: 0, size: 0 };
      used.count += count;
      used.size += size;
      if (used.count === 0) this.parts.delete(part);
      else this.parts.set(part, used);
    }
  }
}

/** @returns the limits of a part of a whole. 0 stays 0: no limit. */
function quotaOf(
  { count, size }: ClaimLimits,
  used: Usage,
  quota: (limit: number, used: number) => number,
): ClaimLimits {
  const of = (limit: number, taken: number): number => (limit === 0 ? 0 : Math.max(1, Math.ceil(quota(limit, taken))));
  return { count: of(count, used.count), size: of(size, used.size) };
}

function callerQuota(limit: number, used: number): number {
  return Math.max(limit * CALLER_MINIMUM, (limit / 2 - used) * CALLER_QUOTA);
}

function clientQuota(limit: number, used: number): number {
  return (limit - used) * CLIENT_QUOTA;
}

function isFull(use: Usage, { count, size }: ClaimLimits): boolean {
  return (count > 0 && use.count >= count) || (size > 0 && use.size >= size);
}

interface Running {
  readonly state: 'running';
  readonly fingerprint: string;
  /** The caller and its client, as far as they are known. */
  readonly path: readonly string[];
  readonly answer: Promise<string>;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BrokerError) => void;
}

interface Settled {
  readonly state: 'settled';
  readonly fingerprint: string;
  readonly path: readonly string[];
  readonly answer: string;
  readonly expiresAt: number;
}

/** Milliseconds for which a proxy may deliver a copy of a request after the client has the answer. */
const REPEAT_WINDOW_MS = 10_000;

/** Maximum number of forgotten keys. Above it the oldest are dropped. */
const MAX_FORGOTTEN = 100_000;

/** Milliseconds between two sweeps for expired answers. */
const SWEEP_INTERVAL_MS = 10_000;

/**
 * Remembers running and answered actions. Rejects new claims when its memory is full: if it dropped an old claim early,
 * an action could run twice.
 */
export class MemoryClaims {
  private readonly claims = new Map<string, Running | Settled>();
  /** Keys of forgotten answers, with the time until which a copy of the action does not run. The oldest is first. */
  private readonly forgotten = new Map<string, number>();
  private readonly usage: ClaimUsage;
  private readonly startedAt: number;
  private sweep: Timer | undefined;

  /** @param windowMs for which the process before this one remembered an answer. 0: there was no process before. */
  constructor(
    private readonly environment: Environment,
    limits: ClaimLimits,
    private readonly windowMs = 0,
    private readonly repeatWindowMs = REPEAT_WINDOW_MS,
  ) {
    this.usage = new ClaimUsage(limits);
    this.startedAt = environment.monotonic();
  }

  /** Number of running and remembered actions. */
  get size(): number {
    return this.claims.size;
  }

  /** Number of callers, and of their clients, that have actions here. */
  get callers(): number {
    return this.usage.size;
  }

  claim(key: string, fingerprint: string, options: ClaimOptions = {}): Claim {
    const existing = this.current(key);
    if (existing === undefined) {
      if ((this.forgotten.get(key) ?? 0) > this.environment.monotonic()) return { outcome: 'lost' };
      if (this.mayHaveRunBefore(options)) return { outcome: 'lost' };
      const path = pathOf(options);
      this.usage.reserve(path);
      this.claims.set(key, running(fingerprint, path));
      return { outcome: 'claimed' };
    }
    if (existing.fingerprint !== fingerprint) return { outcome: 'conflict' };
    return existing.state === 'running'
      ? { outcome: 'running', answer: existing.answer }
      : { outcome: 'settled', answer: existing.answer };
  }

  settle(key: string, answer: string, window: number): void {
    const claim = this.runningClaim(key);
    const { fingerprint, path } = claim;
    const expiresAt = this.environment.monotonic() + window;
    this.claims.set(key, { state: 'settled', fingerprint, path, answer, expiresAt });
    this.usage.addAnswer(path, answer.length);
    claim.resolve(answer);
    this.sweepLater();
  }

  unclaim(key: string): void {
    const claim = this.runningClaim(key);
    this.claims.delete(key);
    this.usage.release(claim.path, 0);
    claim.reject(new BrokerError('unclaimed', 'The claim was released without an answer. Claim the action again.'));
  }

  /**
   * Drops settled answers before their window ends. Ignores running and unknown keys. A dropped key stays `lost` for a
   * while, so that a late copy of its request does not run the action again.
   */
  forget(keys: readonly string[]): void {
    const until = this.environment.monotonic() + this.repeatWindowMs;
    for (const key of keys) {
      const claim = this.claims.get(key);
      if (claim?.state !== 'settled') continue;
      this.drop(key, claim);
      if (this.repeatWindowMs > 0) this.forgotten.set(key, until);
    }
    this.trimForgotten();
  }

  dispose(): void {
    this.sweep?.cancel();
    for (const claim of this.claims.values()) {
      if (claim.state === 'running') claim.reject(new BrokerError('disposed', 'The broker was shut down.'));
    }
    this.claims.clear();
    this.forgotten.clear();
    this.usage.clear();
  }

  /** Whether the process before this one, whose claims are gone, may have run the action. */
  private mayHaveRunBefore({ again, ageMs }: ClaimOptions): boolean {
    if (again !== true || this.windowMs === 0) return false;
    const uptime = this.environment.monotonic() - this.startedAt;
    return ageMs === undefined ? uptime < this.windowMs : ageMs >= uptime;
  }

  private current(key: string): Running | Settled | undefined {
    const claim = this.claims.get(key);
    if (claim?.state !== 'settled' || claim.expiresAt > this.environment.monotonic()) return claim;
    this.drop(key, claim);
    return undefined;
  }

  private runningClaim(key: string): Running {
    const claim = this.claims.get(key);
    if (claim?.state === 'running') return claim;
    throw new BrokerError('not_held', 'The action is not claimed. Only a running action can be settled or unclaimed.');
  }

  private drop(key: string, claim: Settled): void {
    this.claims.delete(key);
    this.usage.release(claim.path, claim.answer.length);
  }

  private trimForgotten(): void {
    const now = this.environment.monotonic();
    for (const [key, until] of this.forgotten) {
      if (until > now && this.forgotten.size <= MAX_FORGOTTEN) return;
      this.forgotten.delete(key);
    }
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
      if (claim.expiresAt <= now) this.drop(key, claim);
      else settled += 1;
    }
    this.trimForgotten();
    if (settled > 0 || this.forgotten.size > 0) this.sweepLater();
  }
}

/** Injective: JSON texts of one and of two names are never equal. */
function pathOf({ caller, client }: ClaimOptions): readonly string[] {
  if (caller === undefined) return [];
  return client === undefined
    ? [JSON.stringify([caller])]
    : [JSON.stringify([caller]), JSON.stringify([caller, client])];
}

function running(fingerprint: string, path: readonly string[]): Running {
  let resolve!: Running['resolve'];
  let reject!: Running['reject'];
  const answer = new Promise<string>((onAnswer, onError) => {
    resolve = onAnswer;
    reject = onError;
  });
  // There may be no waiter, and an unhandled rejection would end the process.
  answer.catch(() => undefined);
  return { state: 'running', fingerprint, path, answer, resolve, reject };
}

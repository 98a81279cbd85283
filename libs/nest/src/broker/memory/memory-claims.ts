import type { Environment, Timer } from '../../core/environment.js';
import { BrokerError, type Claim, type ClaimOptions } from '../../core/broker.js';
import { ClaimUsage, type ClaimLimits, type UsedPart } from './claim-usage.js';

interface Waiter {
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BrokerError) => void;
}

/** An action that runs, or the answer of one that ran. */
class ActionClaim {
  /** Undefined while the action runs. */
  answer: string | undefined;
  /** Means nothing while the action runs. */
  expiresAt = 0;
  private waiting: Waiter[] | undefined;

  constructor(
    readonly fingerprint: string,
    readonly used: UsedPart,
  ) {}

  /** Resolves with the answer of the running action. Made for callers that wait, because almost no action has one. */
  whenAnswered(): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => (this.waiting ??= []).push({ resolve, reject }));
    // The caller may stop waiting, and an unhandled rejection would end the process.
    answer.catch(() => undefined);
    return answer;
  }

  settle(answer: string, expiresAt: number): void {
    this.answer = answer;
    this.expiresAt = expiresAt;
    this.waiting?.forEach(({ resolve }) => resolve(answer));
    this.waiting = undefined;
  }

  end(error: BrokerError): void {
    this.waiting?.forEach(({ reject }) => reject(error));
    this.waiting = undefined;
  }
}

/** Milliseconds for which a proxy may deliver a copy of a request after the client has the answer. */
const REPEAT_WINDOW_MS = 10_000;

/** Forgotten keys of one generation. Above it a new generation begins, and the oldest of the two is dropped. */
const MAX_GENERATION = 100_000;

/**
 * Keys that stay known for a while. They live in two generations: a single map would skip the places of all deleted
 * keys to find the oldest one.
 */
class ForgottenKeys {
  private current = new Map<string, number>();
  private former = new Map<string, number>();
  private beganAt = 0;

  /** @param windowMs for which a key stays known. 0: none does. */
  constructor(private readonly windowMs: number) {}

  get isEmpty(): boolean {
    return this.current.size === 0 && this.former.size === 0;
  }

  add(key: string, now: number): void {
    if (this.windowMs === 0) return;
    this.trim(now);
    // V8 keeps a whole number in the map itself, and any other one in an object of its own.
    this.current.set(key, Math.ceil(now) + this.windowMs);
  }

  has(key: string, clock: { monotonic(): number }): boolean {
    const until = this.current.get(key) ?? this.former.get(key);
    return until !== undefined && until > clock.monotonic();
  }

  /** Drops the generation whose keys have all expired. */
  trim(now: number): void {
    if (now - this.beganAt < this.windowMs && this.current.size < MAX_GENERATION) return;
    this.former = this.current;
    this.current = new Map();
    this.beganAt = now;
  }

  clear(): void {
    this.current.clear();
    this.former.clear();
  }
}

/** Milliseconds between two sweeps for expired answers. */
const SWEEP_INTERVAL_MS = 10_000;

/**
 * Remembers running and answered actions. Rejects new claims when its memory is full: if it dropped an old claim early,
 * an action could run twice.
 */
export class MemoryClaims {
  private readonly claims = new Map<string, ActionClaim>();
  /** Keys of forgotten answers: a copy of these actions does not run. */
  private readonly forgotten: ForgottenKeys;
  private readonly usage: ClaimUsage;
  private readonly startedAt: number;
  private sweep: Timer | undefined;

  /** @param windowMs for which the process before this one remembered an answer. 0: there was no process before. */
  constructor(
    private readonly environment: Environment,
    limits: ClaimLimits,
    private readonly windowMs = 0,
    repeatWindowMs = REPEAT_WINDOW_MS,
  ) {
    this.forgotten = new ForgottenKeys(repeatWindowMs);
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
      if (this.forgotten.has(key, this.environment)) return { outcome: 'lost' };
      if (this.mayHaveRunBefore(options)) return { outcome: 'lost' };
      this.claims.set(key, new ActionClaim(fingerprint, this.usage.reserve(options)));
      return { outcome: 'claimed' };
    }
    if (existing.fingerprint !== fingerprint) return { outcome: 'conflict' };
    return existing.answer === undefined
      ? { outcome: 'running', answer: existing.whenAnswered() }
      : { outcome: 'settled', answer: existing.answer };
  }

  settle(key: string, answer: string, window: number): void {
    const claim = this.runningClaim(key);
    const expiresAt = Math.ceil(this.environment.monotonic()) + window;
    claim.settle(answer, expiresAt);
    this.usage.addAnswer(claim.used, answer.length);
    this.sweepLater();
  }

  unclaim(key: string): void {
    const claim = this.runningClaim(key);
    this.claims.delete(key);
    this.usage.release(claim.used, 0);
    claim.end(new BrokerError('unclaimed', 'The claim was released without an answer. Claim the action again.'));
  }

  /**
   * Drops settled answers before their window ends. Ignores running and unknown keys. A dropped key stays `lost` for a
   * while, so that a late copy of its request does not run the action again.
   */
  forget(keys: readonly string[]): void {
    const now = this.environment.monotonic();
    for (const key of keys) {
      const claim = this.claims.get(key);
      if (claim?.answer === undefined) continue;
      this.drop(key, claim, claim.answer);
      this.forgotten.add(key, now);
    }
  }

  dispose(): void {
    this.sweep?.cancel();
    for (const claim of this.claims.values()) {
      claim.end(new BrokerError('disposed', 'The broker was shut down.'));
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

  private current(key: string): ActionClaim | undefined {
    const claim = this.claims.get(key);
    if (claim?.answer === undefined || claim.expiresAt > this.environment.monotonic()) return claim;
    this.drop(key, claim, claim.answer);
    return undefined;
  }

  private runningClaim(key: string): ActionClaim {
    const claim = this.claims.get(key);
    if (claim !== undefined && claim.answer === undefined) return claim;
    throw new BrokerError('not_held', 'The action is not claimed. Only a running action can be settled or unclaimed.');
  }

  private drop(key: string, { used }: ActionClaim, answer: string): void {
    this.claims.delete(key);
    this.usage.release(used, answer.length);
  }

  private sweepLater(): void {
    this.sweep ??= this.environment.setTimer(() => this.forgetExpired(), SWEEP_INTERVAL_MS);
  }

  private forgetExpired(): void {
    this.sweep = undefined;
    const now = this.environment.monotonic();
    let settled = 0;
    for (const [key, claim] of this.claims) {
      if (claim.answer === undefined) continue;
      if (claim.expiresAt <= now) this.drop(key, claim, claim.answer);
      else settled += 1;
    }
    this.forgotten.trim(now);
    if (settled > 0 || !this.forgotten.isEmpty) this.sweepLater();
  }
}

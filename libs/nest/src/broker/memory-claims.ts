import type { Environment, Timer } from '../environment.js';
import { BrokerError } from './broker-error.js';
import type { Claim } from './broker.js';

interface Running {
  readonly state: 'running';
  readonly fingerprint: string;
  readonly answer: Promise<string>;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: BrokerError) => void;
}

interface Settled {
  readonly state: 'settled';
  readonly fingerprint: string;
  readonly answer: string;
  readonly expiresAt: number;
}

/** How often expired answers are looked for. */
const SWEEP_INTERVAL = 10_000;

/** Bounds of what is remembered of actions; 0 switches one off. */
export interface ClaimLimits {
  /** Actions running or remembered. */
  readonly count: number;
  /** Characters of remembered answers. */
  readonly size: number;
}

/**
 * Which actions run or have run. When its memory is full it refuses new claims: to forget one early could run an action
 * twice.
 */
export class MemoryClaims {
  private readonly claims = new Map<string, Running | Settled>();
  private answersSize = 0;
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly limits: ClaimLimits,
  ) {}

  get size(): number {
    return this.claims.size;
  }

  claim(key: string, fingerprint: string): Claim {
    const known = this.current(key);
    if (known === undefined) {
      this.claims.set(key, this.running(fingerprint));
      return { outcome: 'claimed' };
    }
    if (known.fingerprint !== fingerprint) return { outcome: 'conflict' };
    return known.state === 'running'
      ? { outcome: 'running', answer: known.answer }
      : { outcome: 'settled', answer: known.answer };
  }

  settle(key: string, answer: string, window: number): void {
    const claim = this.held(key);
    const expiresAt = this.environment.monotonic() + window;
    this.claims.set(key, { state: 'settled', fingerprint: claim.fingerprint, answer, expiresAt });
    this.answersSize += answer.length;
    claim.resolve(answer);
    this.sweepLater();
  }

  unclaim(key: string): void {
    const claim = this.held(key);
    this.claims.delete(key);
    claim.reject(new BrokerError('unclaimed', 'The claim was given back without an answer: claim again.'));
  }

  dispose(): void {
    this.sweep?.cancel();
    for (const claim of this.claims.values()) {
      if (claim.state === 'running') claim.reject(new BrokerError('disposed', 'The broker was shut down.'));
    }
    this.claims.clear();
    this.answersSize = 0;
  }

  private running(fingerprint: string): Running {
    const { count, size } = this.limits;
    if ((count > 0 && this.claims.size >= count) || (size > 0 && this.answersSize >= size)) {
      throw new BrokerError('full', 'Too many actions are remembered: refuse this one until some are forgotten.');
    }
    let resolve!: Running['resolve'];
    let reject!: Running['reject'];
    const answer = new Promise<string>((onAnswer, onError) => {
      resolve = onAnswer;
      reject = onError;
    });
    // Nobody may be waiting for it.
    answer.catch(() => undefined);
    return { state: 'running', fingerprint, answer, resolve, reject };
  }

  private current(key: string): Running | Settled | undefined {
    const claim = this.claims.get(key);
    if (claim?.state !== 'settled' || claim.expiresAt > this.environment.monotonic()) return claim;
    this.forget(key, claim);
    return undefined;
  }

  private held(key: string): Running {
    const claim = this.claims.get(key);
    if (claim?.state === 'running') return claim;
    throw new BrokerError(
      'not_held',
      'Only an action that was claimed and not settled yet can be settled or unclaimed.',
    );
  }

  private forget(key: string, claim: Settled): void {
    this.claims.delete(key);
    this.answersSize -= claim.answer.length;
  }

  private sweepLater(): void {
    this.sweep ??= this.environment.setTimer(() => this.forgetExpired(), SWEEP_INTERVAL);
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

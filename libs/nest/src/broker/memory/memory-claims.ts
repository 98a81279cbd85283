import type { Environment, Timer } from '../../core/environment.js';
import { BrokerError, type Claim } from '../../core/broker.js';
import { ClaimShares, type ClaimLimits } from './claim-shares.js';

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

/** How often expired answers are looked for. */
const SWEEP_INTERVAL = 10_000;

/**
 * Which actions run or have run. When its memory is full it refuses new claims: to forget one early could run an action
 * twice.
 */
export class MemoryClaims {
  private readonly claims = new Map<string, Running | Settled>();
  private readonly shares: ClaimShares;
  private sweep: Timer | undefined;

  constructor(
    private readonly environment: Environment,
    limits: ClaimLimits,
  ) {
    this.shares = new ClaimShares(limits);
  }

  get size(): number {
    return this.claims.size + this.shares.size;
  }

  claim(key: string, fingerprint: string, caller: string | undefined): Claim {
    const known = this.current(key);
    if (known === undefined) {
      this.shares.take(caller);
      this.claims.set(key, running(fingerprint, caller));
      return { outcome: 'claimed' };
    }
    if (known.fingerprint !== fingerprint) return { outcome: 'conflict' };
    return known.state === 'running'
      ? { outcome: 'running', answer: known.answer }
      : { outcome: 'settled', answer: known.answer };
  }

  settle(key: string, answer: string, window: number): void {
    const claim = this.held(key);
    const { fingerprint, caller } = claim;
    const expiresAt = this.environment.monotonic() + window;
    this.claims.set(key, { state: 'settled', fingerprint, caller, answer, expiresAt });
    this.shares.grow(caller, answer.length);
    claim.resolve(answer);
    this.sweepLater();
  }

  unclaim(key: string): void {
    const claim = this.held(key);
    this.claims.delete(key);
    this.shares.giveBack(claim.caller, 0);
    claim.reject(new BrokerError('unclaimed', 'The claim was given back without an answer: claim again.'));
  }

  dispose(): void {
    this.sweep?.cancel();
    for (const claim of this.claims.values()) {
      if (claim.state === 'running') claim.reject(new BrokerError('disposed', 'The broker was shut down.'));
    }
    this.claims.clear();
    this.shares.clear();
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
    this.shares.giveBack(claim.caller, claim.answer.length);
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

function running(fingerprint: string, caller: string | undefined): Running {
  let resolve!: Running['resolve'];
  let reject!: Running['reject'];
  const answer = new Promise<string>((onAnswer, onError) => {
    resolve = onAnswer;
    reject = onError;
  });
  // Nobody may be waiting for it.
  answer.catch(() => undefined);
  return { state: 'running', fingerprint, caller, answer, resolve, reject };
}

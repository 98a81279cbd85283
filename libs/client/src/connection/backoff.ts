import type { FailureCause } from '../core/connection-failure.js';
import type { ClientEnvironment } from '../core/environment.js';
import type { ResolvedOptions } from '../core/options.js';

/**
 * Computes the delay before the next attempt: `base + random(0, min(maxMs, base · 2^n))` after `n` failures. It is the
 * "full jitter" of M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), above a base that
 * depends on the cause. It spreads the reconnects of clients that lost their server at the same time.
 */
export class Backoff {
  readonly #environment: Pick<ClientEnvironment, 'random'>;

  readonly #bases: Record<FailureCause, number>;
  readonly #maxMs: number;
  #failures = 0;

  constructor(
    environment: Pick<ClientEnvironment, 'random'>,
    { networkMs, serverMs, overloadMs, maxMs }: ResolvedOptions['backoff'],
  ) {
    this.#environment = environment;
    this.#bases = { network: networkMs, server: serverMs, overload: overloadMs, none: networkMs };
    this.#maxMs = maxMs;
  }

  /** Number of the next attempt, from 1. */
  get attempt(): number {
    return this.#failures + 1;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Returns the milliseconds until the next attempt. A `retryAfter` of the server takes the place of the base. */
  next(cause: FailureCause, retryAfter?: number): number {
    const base = this.#bases[cause];
    const jitter = this.#environment.random() * Math.min(this.#maxMs, base * 2 ** this.#failures);
    this.#failures += 1;
    if (retryAfter !== undefined) return retryAfter + jitter;
    return Math.min(this.#maxMs, (cause === 'none' ? 0 : base) + jitter);
  }
}

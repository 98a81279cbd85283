import type { Environment } from '../core/environment.js';
import type { RealtimeClientOptions } from '../core/options.js';
import type { FailureCause } from '../core/connection-failure.js';

/**
 * How long to wait before the next attempt: `base + random(0, min(cap, base · 2^n))`, the "full jitter" of M. Brooker,
 * "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) above a base that depends on the cause, so that a
 * thousand clients that lost their server at one moment do not come back at one.
 */
export class Backoff {
  private readonly bases: Record<FailureCause, number>;
  private readonly cap: number;
  private failures = 0;

  constructor(
    private readonly environment: Pick<Environment, 'random'>,
    {
      network = 300,
      server = 1_000,
      overload = 3_000,
      cap = 30_000,
    }: NonNullable<RealtimeClientOptions['backoff']> = {},
  ) {
    this.bases = { network, server, overload, now: network };
    this.cap = cap;
  }

  /** 1 before the first failure. */
  get attempt(): number {
    return this.failures + 1;
  }

  reset(): void {
    this.failures = 0;
  }

  /** Milliseconds until the next attempt. `retryAfter`, where the server gave one, takes the place of the base. */
  next(cause: FailureCause, retryAfter?: number): number {
    const base = this.bases[cause];
    const jitter = this.environment.random() * Math.min(this.cap, base * 2 ** this.failures);
    this.failures += 1;
    if (retryAfter !== undefined) return retryAfter + jitter;
    return Math.min(this.cap, (cause === 'now' ? 0 : base) + jitter);
  }
}

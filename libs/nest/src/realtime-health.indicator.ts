import { Inject, Injectable } from '@nestjs/common';

import type { Broker } from './core/broker.js';
import { withDeadline, type Environment } from './core/environment.js';
import { DrainState } from './core/drain-state.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';

/** A lease without a holder. A request to its holder reaches the broker and changes nothing. */
const FREE_LEASE = 'statewire:health';

const DEFAULT_TIMEOUT_MS = 1_000;

/**
 * After this time the indicator gives up on a request, because a lost request gets no answer. The next check asks
 * again.
 */
const REQUEST_TIMEOUT_MS = 10_000;

/** The health of a node. The reason is `draining`, or `broker` if the broker fails or does not answer in time. */
export type RealtimeHealth =
  { readonly status: 'up' } | { readonly status: 'down'; readonly reason: 'draining' | 'broker' };

/** Options of a health check. */
export interface HealthOptions {
  /**
   * Milliseconds that the broker may take to answer. Default 1,000. 0: the check waits for up to 10 s, the maximum of
   * every check. The node counts as down after that, and the next check asks again.
   */
  readonly timeoutMs?: number;
}

/**
 * Tells whether a load balancer should send clients to this node: answer 503 to a readiness check while it is down. It
 * does not tell whether the process needs a restart.
 *
 * @example
 * // with @nestjs/terminus
 * this.health.check([() => this.realtime.isHealthy('realtime')]);
 */
@Injectable()
export class RealtimeHealthIndicator {
  private probe: Promise<unknown> | undefined;

  /** @internal Nest creates the instance. */
  constructor(
    @Inject(DrainState) private readonly drain: Pick<DrainState, 'draining'>,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  /** Returns the health of this node. Never rejects. */
  async check({ timeoutMs = DEFAULT_TIMEOUT_MS }: HealthOptions = {}): Promise<RealtimeHealth> {
    if (this.drain.draining) return { status: 'down', reason: 'draining' };
    try {
      await withDeadline(this.environment, timeoutMs, this.ask());
    } catch (error) {
      this.log.error('broker-failed', error, { reason: 'health' });
      return { status: 'down', reason: 'broker' };
    }
    return { status: 'up' };
  }

  /** Returns the health as a `HealthIndicatorResult` of @nestjs/terminus. Never rejects. */
  async isHealthy<Key extends string>(key: Key, options?: HealthOptions): Promise<Record<Key, RealtimeHealth>> {
    return { [key]: await this.check(options) } as Record<Key, RealtimeHealth>;
  }

  /** Sends one request at a time: checks of a broker that hangs must not pile up. */
  private ask(): Promise<unknown> {
    this.probe ??= withDeadline(this.environment, REQUEST_TIMEOUT_MS, this.broker.request(FREE_LEASE, null)).finally(
      () => {
        this.probe = undefined;
      },
    );
    return this.probe;
  }
}

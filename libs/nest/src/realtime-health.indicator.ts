import { Inject, Injectable } from '@nestjs/common';

import type { Broker } from './core/broker.js';
import { withDeadline } from './core/deadline.js';
import type { Environment } from './core/environment.js';
import { DrainState } from './core/drain-state.js';
import type { RealtimeLog } from './core/realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './core/tokens.js';

/** A lease that nobody holds: to ask for its holder goes all the way to the broker and changes nothing. */
const NOBODY = 'statewire:health';

/** Milliseconds that the broker may take. */
const DEADLINE = 1_000;

/** Milliseconds after which a question is given up and asked anew: one that was lost is never answered. */
const GIVEN_UP = 10_000;

/** `reason`: `draining`, or `broker` where that fails or does not answer in time. */
export type RealtimeHealth =
  { readonly status: 'up' } | { readonly status: 'down'; readonly reason: 'draining' | 'broker' };

export interface HealthOptions {
  /**
   * Milliseconds that the broker may take to answer. Default 1,000. However long this is, or 0 for no limit of its own,
   * a question that is not answered within 10 s is given up: the node is down, and the next check asks anew.
   */
  readonly timeoutMs?: number;
}

/**
 * Whether this node should be sent clients: answer 503 to a readiness check while it is down. It says nothing about
 * whether the process should be restarted.
 *
 * @example
 * // with @nestjs/terminus
 * this.health.check([() => this.realtime.isHealthy('realtime')]);
 */
@Injectable()
export class RealtimeHealthIndicator {
  private probe: Promise<unknown> | undefined;

  constructor(
    @Inject(DrainState) private readonly drain: Pick<DrainState, 'draining'>,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
  ) {}

  async check({ timeoutMs = DEADLINE }: HealthOptions = {}): Promise<RealtimeHealth> {
    if (this.drain.draining) return { status: 'down', reason: 'draining' };
    try {
      await withDeadline(this.environment, timeoutMs, this.ask());
    } catch (error) {
      this.log.error('broker-failed', error, { reason: 'health' });
      return { status: 'down', reason: 'broker' };
    }
    return { status: 'up' };
  }

  /** The same in the shape of a `HealthIndicatorResult` of @nestjs/terminus. Never rejects. */
  async isHealthy<Key extends string>(key: Key, options?: HealthOptions): Promise<Record<Key, RealtimeHealth>> {
    return { [key]: await this.check(options) } as Record<Key, RealtimeHealth>;
  }

  /** One question at a time: checks of a broker that hangs must not pile up. */
  private ask(): Promise<unknown> {
    this.probe ??= withDeadline(this.environment, GIVEN_UP, this.broker.request(NOBODY, null)).finally(() => {
      this.probe = undefined;
    });
    return this.probe;
  }
}

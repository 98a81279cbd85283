import { Inject, Injectable } from '@nestjs/common';

import { BrokerState } from './core/broker-state.js';
import { DrainState } from './core/drain-state.js';

/**
 * The health of a node. `brokerAwaySince` is the time since which the broker has been out of reach, in milliseconds
 * since the Unix epoch. The reason is `draining`, or `broker` if the check requires a broker that is out of reach.
 */
export type RealtimeHealth =
  | { readonly status: 'up'; readonly brokerAwaySince?: number }
  | { readonly status: 'down'; readonly reason: 'draining' }
  | { readonly status: 'down'; readonly reason: 'broker'; readonly brokerAwaySince: number };

/** Options of a health check. */
export interface HealthOptions {
  /**
   * Whether the node is down while its broker is out of reach. Default false: all nodes share the broker, so a load
   * balancer would find no node at all, and clients would lose values that a node still has.
   */
  readonly requireBroker?: boolean;
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
  /** @internal Nest creates the instance. */
  constructor(
    @Inject(DrainState) private readonly drain: Pick<DrainState, 'draining'>,
    @Inject(BrokerState) private readonly broker: Pick<BrokerState, 'awaySince'>,
  ) {}

  /** Returns the health of this node. Never rejects. */
  async check({ requireBroker = false }: HealthOptions = {}): Promise<RealtimeHealth> {
    if (this.drain.draining) return { status: 'down', reason: 'draining' };
    const { awaySince: brokerAwaySince } = this.broker;
    if (brokerAwaySince === undefined) return { status: 'up' };
    return requireBroker ? { status: 'down', reason: 'broker', brokerAwaySince } : { status: 'up', brokerAwaySince };
  }

  /** Returns the health as a `HealthIndicatorResult` of @nestjs/terminus. Never rejects. */
  async isHealthy<Key extends string>(key: Key, options?: HealthOptions): Promise<Record<Key, RealtimeHealth>> {
    return { [key]: await this.check(options) } as Record<Key, RealtimeHealth>;
  }
}

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Subscription } from 'rxjs';

import type { Broker } from './broker.js';
import type { Environment } from './environment.js';
import type { RealtimeLog } from './realtime-log.js';
import { BROKER, ENVIRONMENT, REALTIME_LOG } from './tokens.js';

/** Whether the node reaches its broker. Logs each change once. */
@Injectable()
export class BrokerState implements OnApplicationShutdown {
  private readonly subscription: Subscription;
  private since: number | undefined;
  private outageCount = 0;
  private reconnectCount = 0;
  /** Of the outages that have ended. */
  private pastAwayMs = 0;

  constructor(
    @Inject(BROKER) private readonly broker: Pick<Broker, 'name' | 'pending' | 'status'>,
    @Inject(ENVIRONMENT) private readonly environment: Pick<Environment, 'now'>,
    @Inject(REALTIME_LOG) log: Pick<RealtimeLog, 'info' | 'warn'>,
  ) {
    const { name, status } = broker;
    this.subscription = status.subscribe((current) => {
      const { awaySince, awayMs } = this;
      this.since = current.state === 'away' ? current.since : undefined;
      if (current.state === 'away' && awaySince === undefined) {
        this.outageCount += 1;
        log.warn('broker-away', { broker: name });
      } else if (current.state === 'up' && awaySince !== undefined) {
        this.reconnectCount += 1;
        this.pastAwayMs += awayMs;
        log.info('broker-back', { broker: name, awayMs });
      }
    });
  }

  /** Time since which the broker has been out of reach, in milliseconds since the Unix epoch. Undefined: it is in reach. */
  get awaySince(): number | undefined {
    return this.since;
  }

  /** Milliseconds for which the broker has been out of reach. 0: it is in reach. */
  get awayMs(): number {
    return this.since === undefined ? 0 : Math.max(0, this.environment.now() - this.since);
  }

  /** Called by Nest. A broker may outlive the application. */
  onApplicationShutdown(): void {
    this.subscription.unsubscribe();
  }

  /** Number of times that the broker came back into reach since the start of the node. */
  get reconnects(): number {
    return this.reconnectCount;
  }

  /** Seconds for which the broker has been out of reach since the start of the node. */
  get totalAwaySeconds(): number {
    return (this.pastAwayMs + this.awayMs) / 1_000;
  }

  /** Publications that wait for an answer of the broker's server, and their characters. */
  get pending(): { readonly count: number; readonly bytes: number } {
    return this.broker.pending ?? { count: 0, bytes: 0 };
  }

  /** Number of times that the broker went out of reach since the start of the node. */
  get outages(): number {
    return this.outageCount;
  }
}

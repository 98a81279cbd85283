import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Observable, Subject, takeUntil } from 'rxjs';

import { ConnectionHub } from './websocket/connection-hub.js';
import type { Environment, Timer } from './core/environment.js';
import { InFlight } from './core/action-context.js';
import { ENVIRONMENT } from './core/tokens.js';
import { OutboxBudget } from './delivery/flush-scheduler.js';
import { PresenceTracker } from './presence/presence-tracker.js';
import { TopicRegistry } from './topics/topic-registry.js';
import { Counters, FRAME_KINDS } from './core/counters.js';

type Counts = Readonly<Record<string, number>>;

/** What this node does and has done. Names and codes only: never anything of a user. */
export interface MetricsSnapshot {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** As it is now. */
  readonly gauges: {
    /** Open sockets, those included that are not admitted yet. */
    readonly connections: number;
    /** Topics that are followed, once for each connection. */
    readonly subscriptions: number;
    /** Topics that are alive, those included that linger. */
    readonly topics: number;
    /** Bytes that wait for slow readers, as of the last write of each. */
    readonly outboxBytes: number;
    readonly actionsInFlight: number;
    /** Topics somebody follows that have an `@OnPresence` handler. */
    readonly presenceTopics: number;
    /** Clients that are counted in those, once for each topic; those included that ended and may be on their way back. */
    readonly presenceClients: number;
  };
  /** Since the start of the node; they only grow. Names that never occurred are left out. */
  readonly counters: {
    readonly connectionsAdmitted: number;
    /** By the close code that was sent, or `peer` where the client or the network ended it. */
    readonly closes: Counts;
    /** Errors that were answered, over every transport and to upgrades, by code. */
    readonly refusals: Counts;
    /** Subscriptions that came with a position: brought up to date by `patches`, by a `snapshot`, or told of a loss (`lost`). */
    readonly resumes: Counts;
    /** Frames handed to sockets, once for each reader. */
    readonly snapshotsSent: number;
    readonly patchesSent: number;
    readonly eventsSent: number;
    /** Topics that a reader fell behind on, so that what it missed was put together. */
    readonly conflations: number;
    /** By outcome: `run`, `failed`, `timeout`, `refused`, `deduplicated`, `conflict`, `outcome_unknown`, … */
    readonly actions: Counts;
    readonly polls: number;
    /** Polls that waited for news. */
    readonly pollsHeld: number;
    /** Clients that came to be counted, once for each topic with an `@OnPresence` handler. */
    readonly presenceJoins: number;
    /** The end of that: `unsubscribed`, `lost` (did not come back within the grace), `identity` (signed in or out). */
    readonly presenceLeaves: Counts;
    /** Clients that were not counted, because so many were already. */
    readonly presenceUncounted: number;
  };
}

/**
 * Counters and gauges of this node. A counter costs one addition. The module reads gauges only for a snapshot.
 *
 * @example
 * metrics.every(10_000).subscribe(({ gauges }) => logger.log(`${gauges.connections} connections`));
 */
@Injectable()
export class RealtimeMetrics implements OnApplicationShutdown {
  private readonly ended = new Subject<void>();

  constructor(
    private readonly counters: Counters,
    private readonly hub: ConnectionHub,
    private readonly budget: OutboxBudget,
    private readonly inFlight: InFlight,
    private readonly topics: TopicRegistry,
    private readonly presence: PresenceTracker,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  snapshot(): MetricsSnapshot {
    const { closes, refusals, resumes, sent, actions, presenceLeaves, ...numbers } = this.counters;
    const { connectionsAdmitted, conflations, polls, pollsHeld, presenceJoins, presenceUncounted } = numbers;
    const { topics: presenceTopics, clients: presenceClients } = this.presence.sizes;
    return {
      time: this.environment.now(),
      gauges: {
        connections: this.hub.size,
        subscriptions: this.hub.subscriptions,
        topics: this.topics.size,
        outboxBytes: this.budget.bytes,
        actionsInFlight: this.inFlight.size,
        presenceTopics,
        presenceClients,
      },
      counters: {
        connectionsAdmitted,
        closes: closes.toRecord(),
        refusals: refusals.toRecord(),
        resumes: resumes.toRecord(),
        snapshotsSent: sent[FRAME_KINDS.snapshot],
        patchesSent: sent[FRAME_KINDS.patch],
        eventsSent: sent[FRAME_KINDS.event],
        conflations,
        actions: actions.toRecord(),
        polls,
        pollsHeld,
        presenceJoins,
        presenceLeaves: presenceLeaves.toRecord(),
        presenceUncounted,
      },
    };
  }

  /**
   * Emits a snapshot every `intervalMs` milliseconds while something subscribes. Completes when the application ends.
   *
   * @throws RangeError if `intervalMs` is below 1.
   */
  every(intervalMs: number): Observable<MetricsSnapshot> {
    if (!(intervalMs >= 1)) throw new RangeError(`intervalMs must be at least 1, got ${intervalMs}.`);
    return new Observable<MetricsSnapshot>((subscriber) => {
      let timer: Timer;
      const wait = (): void => {
        timer = this.environment.setTimer(() => {
          wait();
          subscriber.next(this.snapshot());
        }, intervalMs);
      };
      wait();
      return () => timer.cancel();
    }).pipe(takeUntil(this.ended));
  }

  onApplicationShutdown(): void {
    this.ended.next();
    this.ended.complete();
  }
}

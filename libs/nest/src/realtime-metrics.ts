import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Observable, Subject, takeUntil } from 'rxjs';

import { ConnectionHub } from './websocket/connection-hub.js';
import { MAX_TIMER_DELAY_MS, type Environment, type Timer } from './core/environment.js';
import { InFlight } from './core/action-context.js';
import { BrokerState } from './core/broker-state.js';
import { ENVIRONMENT } from './core/tokens.js';
import { OutboxBudget } from './delivery/flush-scheduler.js';
import { PresenceTracker } from './presence/presence-tracker.js';
import { TopicRegistry } from './topics/topic-registry.js';
import { Counters, FRAME_KINDS } from './core/counters.js';

/** Counts by name or code. */
export type Counts = Readonly<Record<string, number>>;

/** The counters and gauges of this node. They hold names and codes, and no data of a user. */
export interface MetricsSnapshot {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** Current values. */
  readonly gauges: {
    /** Open sockets, including sockets that are not admitted yet. */
    readonly connections: number;
    /** Subscriptions of all connections. */
    readonly subscriptions: number;
    /** Live topics, including topics that linger without a subscriber. */
    readonly topics: number;
    /** Bytes that wait for slow readers, as of the last write of each. */
    readonly outboxBytes: number;
    /** Actions in progress, including handlers that outlived their answer `timeout`. */
    readonly actionsInFlight: number;
    /** Followed topics with an `@OnPresence` handler. */
    readonly presenceTopics: number;
    /** Clients counted in these topics, once for each topic, including clients in their grace. */
    readonly presenceClients: number;
    /** Milliseconds for which the broker has been out of reach. 0: it is in reach. */
    readonly brokerAwayMs: number;
    /** Publications that wait for an answer of the broker's server. The memory broker has none. */
    readonly brokerPendingPublications: number;
    /** Characters of the values and deltas of these publications. */
    readonly brokerPendingBytes: number;
  };
  /** Totals since the start of the node. A name that never occurred is missing. */
  readonly counters: {
    /** Connections that the server answered with `welcome`. */
    readonly connectionsAdmitted: number;
    /** Closed connections by the close code of the server; `peer` if the client or the network ended the connection. */
    readonly closes: Counts;
    /** Errors sent over every transport and in answer to upgrades, by code. */
    readonly errorsSent: Counts;
    /** Subscriptions from a position, by result: `patches`, `snapshot`, or `lost` if events are missing. */
    readonly resumes: Counts;
    /** `snapshot` frames written to sockets, once for each reader. */
    readonly snapshotsSent: number;
    /** `patch` frames written to sockets, once for each reader. */
    readonly patchesSent: number;
    /** `event` frames written to sockets, once for each reader. */
    readonly eventsSent: number;
    /** Topics of which a slow reader got one patch for several publications. */
    readonly conflations: number;
    /** Actions by outcome: `run`, `failed`, `timeout`, `rejected`, `deduplicated`, `conflict`, `outcome_unknown`, … */
    readonly actions: Counts;
    /** Polls that the server accepted. */
    readonly polls: number;
    /** Polls that waited for a publication. */
    readonly pollsHeld: number;
    /** Clients that became members, once for each topic with an `@OnPresence` handler. */
    readonly presenceJoins: number;
    /**
     * Members that left: `unsubscribed`, `lost` (did not come back within the grace), `identity` (signed in or out).
     */
    readonly presenceLeaves: Counts;
    /** Clients that did not become members, because the node has its maximum of members. */
    readonly presenceUncounted: number;
    /** Times that the broker went out of reach. */
    readonly brokerOutages: number;
    /** Times that the broker came back into reach. */
    readonly brokerReconnects: number;
    /** Seconds for which the broker was out of reach. */
    readonly brokerAwaySeconds: number;
    /**
     * Publications that this node sent to the broker's server, by outcome: `stored`, `conflated` (a newer value took the place of one that waited), or the code of
     * the error: `moved`, `fenced`, `unavailable`, …
     */
    readonly brokerPublications: Counts;
    /** Deltas that the server refused, because they did not begin at its newest publication. The broker sent the value then. */
    readonly brokerDeltasRefused: number;
    /** Reads of topics from the broker's server. */
    readonly brokerReads: number;
    /** Topics with readers whose position the broker compared with that of the server, once for each comparison. */
    readonly brokerTopicsSwept: number;
    /** Topics that a comparison found elsewhere than this node, because messages were missing. */
    readonly brokerTopicsMoved: number;
    /** Requests to the nodes that hold leases: `answered`, `no_holder`, `no_answer`, … */
    readonly brokerRequests: Counts;
    /** Leases of this node: `gained`, `released`, `lost`. */
    readonly brokerLeases: Counts;
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

  /** @internal Nest creates the instance. */
  constructor(
    private readonly counters: Counters,
    private readonly hub: ConnectionHub,
    private readonly budget: OutboxBudget,
    private readonly inFlight: InFlight,
    private readonly topics: TopicRegistry,
    private readonly presence: PresenceTracker,
    private readonly broker: BrokerState,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  /** Returns the current values. */
  snapshot(): MetricsSnapshot {
    const { broker, closes, errorsSent, resumes, sent, actions, presenceLeaves, ...numbers } = this.counters;
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
        brokerAwayMs: this.broker.awayMs,
        brokerPendingPublications: this.broker.pending.count,
        brokerPendingBytes: this.broker.pending.bytes,
      },
      counters: {
        connectionsAdmitted,
        closes: closes.toRecord(),
        errorsSent: errorsSent.toRecord(),
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
        brokerOutages: this.broker.outages,
        brokerReconnects: this.broker.reconnects,
        brokerAwaySeconds: this.broker.totalAwaySeconds,
        brokerPublications: broker.publications.toRecord(),
        brokerDeltasRefused: broker.deltasRefused,
        brokerReads: broker.reads,
        brokerTopicsSwept: broker.topicsSwept,
        brokerTopicsMoved: broker.topicsMoved,
        brokerRequests: broker.requests.toRecord(),
        brokerLeases: broker.leases.toRecord(),
      },
    };
  }

  /**
   * Emits a snapshot every `intervalMs` milliseconds while something subscribes. Completes when the application ends.
   *
   * @throws RangeError if `intervalMs` is no number from 1 to 2,147,483,647.
   */
  every(intervalMs: number): Observable<MetricsSnapshot> {
    if (!(intervalMs >= 1 && intervalMs <= MAX_TIMER_DELAY_MS)) {
      throw new RangeError(`intervalMs must be from 1 to ${MAX_TIMER_DELAY_MS} milliseconds, got ${intervalMs}.`);
    }
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

  /** Called by Nest. Completes the observables of {@link every}. */
  onApplicationShutdown(): void {
    this.ended.next();
    this.ended.complete();
  }
}

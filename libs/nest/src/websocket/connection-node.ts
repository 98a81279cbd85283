import type { PublicOf } from '../core/public-of.js';
import type { Admission } from '../admission/request-admission.js';
import type { SharedFrameLimits } from '../rate-limiting/frame-limits.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import type { Environment } from '../core/environment.js';
import type { InFlight } from '../core/in-flight.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Counters } from '../core/counters.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { OutboxOptions } from '../delivery/outbox.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import type { Revocations } from '../admission/revocations.js';

/** What all connections of a node share. */
export interface ConnectionNode {
  readonly options: ResolvedRealtimeOptions;
  readonly environment: Environment;
  readonly admission: Admission;
  readonly dispatcher: PublicOf<Dispatcher>;
  readonly topics: Pick<TopicRegistry, 'subscribe'>;
  /** Absent: nobody is counted. */
  readonly attendance?: Pick<PresenceTracker, 'enter'>;
  readonly outbox: OutboxOptions;
  readonly log: RealtimeLog;
  readonly inFlight: InFlight;
  readonly revocations: Revocations;
  readonly rates: SharedFrameLimits;
  readonly counters: Counters;
  /** The coarse clock of deadlines and heartbeats. */
  readonly pulse: { readonly now: number };
}

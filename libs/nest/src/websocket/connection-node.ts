import type { Admission } from '../admission/admission.js';
import type { FrameRates } from '../rate-limiting/frame-rates.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import type { Environment } from '../core/environment.js';
import type { InFlight } from '../core/in-flight.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Counters } from '../core/counters.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { OutboxOptions } from '../delivery/outbox.js';
import type { Attendance } from '../presence/presence-handle.js';
import type { Topics } from '../topics/topics.js';
import type { RecentRevocations } from '../admission/recent-revocations.js';

/** What all connections of a node share. */
export interface ConnectionNode {
  readonly options: ResolvedRealtimeOptions;
  readonly environment: Environment;
  readonly admission: Admission;
  readonly dispatcher: Dispatcher;
  readonly topics: Topics;
  /** Absent: nobody is counted. */
  readonly attendance?: Attendance;
  readonly outbox: OutboxOptions;
  readonly log: RealtimeLog;
  readonly inFlight: InFlight;
  readonly revocations: RecentRevocations;
  readonly rates: FrameRates;
  readonly counters: Counters;
  /** The coarse clock of deadlines and heartbeats. */
  readonly pulse: { readonly now: number };
}

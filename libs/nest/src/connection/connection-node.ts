import type { Admission, FrameRates } from '../admission/index.js';
import type { Dispatcher } from '../dispatcher/index.js';
import type { Environment } from '../environment.js';
import type { InFlight } from '../lifecycle/in-flight.js';
import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import type { Counters } from '../metrics/counters.js';
import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import type { OutboxOptions } from '../outbox/outbox.js';
import type { Attendance } from '../presence/index.js';
import type { Topics } from '../topics/topics.js';
import type { RecentRevocations } from './recent-revocations.js';

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

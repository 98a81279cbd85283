import type { Admission } from '../admission/request-admission.js';
import type { Revocations } from '../admission/revocations.js';
import type { Counters } from '../core/counters.js';
import type { Environment } from '../core/environment.js';
import type { InFlight } from '../core/action-context.js';
import type { OutdatedClients } from '../core/outdated-clients.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { FrameSocket, OutboxOptions } from '../delivery/outbox.js';
import type { RequestDispatcher } from '../handlers/dispatcher.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { SharedFrameLimits } from '../rate-limiting/rate-limiter.js';
import type { TopicRegistry } from '../topics/topic-registry.js';

/** The parts that all connections of a node share. */
export interface ConnectionContext {
  readonly options: ResolvedRealtimeOptions;
  readonly environment: Environment;
  readonly admission: Admission;
  readonly dispatcher: RequestDispatcher;
  readonly topics: Pick<TopicRegistry, 'subscribe'>;
  /** Omitted: no topic has presence. */
  readonly presence?: Pick<PresenceTracker, 'enter'>;
  readonly outbox: OutboxOptions;
  readonly log: RealtimeLog;
  readonly inFlight: InFlight;
  readonly revocations: Revocations;
  readonly frameLimits: SharedFrameLimits;
  readonly counters: Counters;
  readonly outdated: Pick<OutdatedClients, 'count'>;
  /** The coarse clock of deadlines and heartbeats. */
  readonly pulse: { readonly now: number };
}

/** The socket of one connection. Its owner reports messages and the end of the socket to the `Connection`. */
export interface ConnectionSocket {
  /** Takes the frames that the server sends. */
  readonly frames: FrameSocket;
  /** Sends a close frame after everything that was written. */
  close(code: number, reason: string): void;
  /** Ends the socket at once. */
  terminate(): void;
  /** Stops reading, so that the client feels back-pressure. */
  pause(): void;
  resume(): void;
}

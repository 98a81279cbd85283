export { browserEnvironment } from './core/browser-environment.js';
export type { ClientEnvironment, HttpFallbackCode, Timer, WebSocketLike } from './core/environment.js';
export type { ClientMetrics } from './core/metrics.js';
export type { RealtimeClientOptions } from './core/options.js';
export { RealtimeClientError, type ClientErrorCode } from './core/realtime-client-error.js';
export type {
  ClosedStatus,
  ConnectingStatus,
  ConnectionStatus,
  DeniedStatus,
  IdleStatus,
  LiveStatus,
  OfflineStatus,
  PollingStatus,
  StatusBase,
  StatusReason,
} from './core/status.js';
export type { ActOptions, AnyActOptions, MultiTopicActOptions, RealtimeClient } from './realtime-client.js';
export type { OptimisticUpdate, OptimisticUpdates } from './topics/optimistic-update.js';
export type { EventDelivery, EventOptions, Freshness, TopicState } from './topics/topic-state.js';

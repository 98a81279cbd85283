export type { ActOptions, RealtimeClient } from './client.js';
export { createRealtimeClient } from './create-realtime-client.js';
export { browserEnvironment } from './browser-environment.js';
export type { Environment, Timer, WebSocketLike } from './environment.js';
export type { ClientMetrics } from './metrics.js';
export {
  applyUpdate as ɵapplyUpdate,
  listUpdates as ɵlistUpdates,
  type OptimisticUpdate,
  type OptimisticUpdates,
} from './optimistic-update.js';
export type { RealtimeClientOptions } from './options.js';
export { RealtimeClientError, type ClientErrorCode } from './realtime-client-error.js';
export type {
  ClosedStatus,
  ConnectingStatus,
  ConnectionStatus,
  DeniedStatus,
  IdleStatus,
  LiveStatus,
  OfflineStatus,
  PollingStatus,
  StatusReason,
} from './status.js';
export type { EventDelivery, Freshness, TopicState } from './topic-state.js';

export { WARN as ɵWARN } from './development-warnings.js';
export { injectAction, type ActionOutcome, type ActionRef, type InjectActionOptions } from './inject-action.js';
export { injectEvents, type InjectEventsOptions } from './inject-events.js';
export { injectTopic, type InjectTopicOptions } from './inject-topic.js';
export {
  partsOf as ɵpartsOf,
  provideNamedClient as ɵprovideNamedClient,
  realtimeClient,
  type ClientOption,
  type RealtimeClientToken,
} from './named-client.js';
export type { InjectorOption } from './injector-option.js';
export { PACE as ɵPACE, type Pace as ɵPace } from './pace.js';
export { provideRealtime, type RealtimeConfig } from './provide-realtime.js';
export { REALTIME_CLIENT as ɵREALTIME_CLIENT } from './realtime-client.js';
export { REALTIME_OPTIONS as ɵREALTIME_OPTIONS } from './realtime-options.js';
export type { RealtimeFeature, RealtimeFeatureKind } from './realtime-feature.js';
export { RealtimeService } from './realtime.service.js';
export type { TopicResource } from './topic-resource.js';
export { withAuth, type RealtimeTokenFunction } from './with-auth.js';
export { withBackoff, type RealtimeBackoffOptions } from './with-backoff.js';
export { withContract, type RealtimeContractOptions } from './with-contract.js';
export { withPolling, type RealtimePollingOptions } from './with-polling.js';
export { withWebSocket, type RealtimeWebSocketOptions } from './with-web-socket.js';
export {
  RealtimeClientError,
  type ActOptions,
  type AnyActOptions,
  type ClientErrorCode,
  type ClientMetrics,
  type ConnectionStatus,
  type EventDelivery,
  type EventOptions,
  type Freshness,
  type MultiTopicActOptions,
  type OptimisticUpdate,
  type OptimisticUpdates,
  type TopicState,
} from '@statewire/client';

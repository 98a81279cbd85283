export {
  ActionData,
  Caller,
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeHandlers,
  RealtimeHandlersError,
  TopicParams,
  type ActionResult,
  type Identity,
  type OnActionOptions,
  type PresenceResult,
  type RealtimeRequest,
  type TopicResult,
} from './dispatcher/index.js';
export { RealtimeBus, type Publication } from './bus/realtime-bus.js';
export { BrokerError, type BrokerErrorCode } from './broker/broker-error.js';
export type {
  Broadcast,
  Broker,
  Claim,
  Lease,
  LivePublication,
  NewPublication,
  PresenceMember,
  Release,
  StoredPublication,
  TopicHistory,
  TopicMessage,
} from './broker/broker.js';
export { MemoryBroker, type MemoryBrokerOptions } from './broker/memory-broker.js';
export { RealtimeConnections, type ConnectionInfo } from './connection/realtime-connections.js';
export type { Environment, Timer } from './environment.js';
export type { DrainState, RealtimeSwitch, Revocation, RevokeOptions } from './lifecycle/lifecycle.js';
export {
  RealtimeHealthIndicator,
  type HealthOptions,
  type RealtimeHealth,
} from './health/realtime-health-indicator.js';
export { RealtimeMetrics, type MetricsSnapshot } from './metrics/realtime-metrics.js';
export { toPrometheus } from './metrics/to-prometheus.js';
export { RealtimeLog, type LogSink } from './lifecycle/realtime-log.js';
export type { Authenticate, RealtimeLimits, RealtimeModuleOptions } from './module/options.js';
export { RealtimeOptionsError, type OptionProblem } from './module/options-error.js';
export { RealtimeModule } from './module/realtime.module.js';
export { DRAIN_STATE, REALTIME_SWITCH } from './module/tokens.js';
export { RealtimeError, type RealtimeErrorOptions } from './realtime-error.js';
export { systemEnvironment } from './system-environment.js';
export { PublishError, type PublishErrorCode } from './topics/publish-error.js';

export {
  ActionData,
  Caller,
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeHandlers,
  TopicParams,
  type ActionResult,
  type OnActionOptions,
  type PresenceResult,
  type TopicResult,
} from './handlers/decorators.js';
export type { HandlerDecorator } from './handlers/handler-decorator.js';
export { RealtimeExecutionContext } from './realtime-execution-context.js';
export { RealtimeHandlersError } from './handlers/handlers-error.js';
export type { Identity, RealtimeRequest } from './core/realtime-request.js';
export { RealtimeBus, type Publication, type TransactionOptions } from './realtime-bus.js';
export type { BrokerCounters, LeaseEvent, PublicationOutcome, RequestOutcome } from './core/broker-counters.js';
export { BrokerError, topicLease, type BrokerErrorCode } from './core/broker.js';
export type {
  Broker,
  BrokerContext,
  BrokerFactory,
  BrokerStatus,
  Claim,
  ClaimOptions,
  Lease,
  LivePublication,
  NewPublication,
  PresenceMember,
  PublishOptions,
  ReadOptions,
  Release,
  StoredPublication,
  TopicHistory,
  TopicMessage,
  TransactionClient,
} from './core/broker.js';
export { memoryBroker } from './broker/memory/memory-broker.js';
export { RealtimeConnections, type ConnectionInfo, type Revoked } from './realtime-connections.js';
export type { Environment, Timer } from './core/environment.js';
export { DrainState } from './core/drain-state.js';
export { RealtimeSwitch } from './realtime-switch.js';
export { RealtimeLeases, type HeldLease, type HeldTopicLease, type HoldOptions } from './realtime-leases.js';
export type { Revocation, RevokeOptions } from './admission/revocations.js';
export { RealtimeHealthIndicator, type HealthOptions, type RealtimeHealth } from './realtime-health.indicator.js';
export { RealtimeMetrics, type Counts, type MetricsSnapshot } from './realtime-metrics.js';
export { toPrometheus } from './to-prometheus.js';
export type {
  Authenticate,
  ConnectionOptions,
  FrameOptions,
  MemoryBrokerOptions,
  OutboxOptions,
  RealtimeAuthenticator,
  RealtimeLimits,
  RealtimeModuleOptions,
  RealtimeOptionsOverride,
  RealtimePublisherModuleOptions,
  TimeoutOptions,
} from './core/options.js';
export { REALTIME_OPTIONS_OVERRIDE } from './core/tokens.js';
export { RealtimeOptionsError, type OptionProblem } from './core/resolve-options.js';
export { RealtimeModule } from './realtime.module.js';
export { RealtimePublisherModule } from './realtime-publisher.module.js';
export { RealtimeError, type RealtimeErrorOptions } from './core/errors.js';
export { PublishError, type PublishErrorCode } from './topics/json-copy.js';
export type { Draft } from './topics/topic-updates.js';

/**
 * Parts of the server that no application needs: `verification/` assembles a server from them and drives each one by
 * itself. Only the `source` condition resolves this entry point; the published package has none of it.
 */
export type { Admission } from './admission/request-admission.js';
export type { ReceivedRequest } from './core/incoming-request.js';
export { SharedFrameLimits } from './rate-limiting/rate-limiter.js';
export { ConnectionHub } from './websocket/connection-hub.js';
export { ConnectionLimits } from './rate-limiting/connection-limits.js';
export type { ConnectionSocket } from './websocket/connection-context.js';
export type { Connection } from './websocket/connection.js';
export { Revocations } from './admission/revocations.js';
export type { ConnectionGuards } from './handlers/connection-guards.js';
export type { HandlerRegistry } from './handlers/handler-registry.js';
export { Dispatcher } from './handlers/dispatcher.js';
export { RequestAuthenticator } from './http/request-authenticator.js';
export { Poll } from './http/poll.js';
export { RequestLimits } from './rate-limiting/request-limits.js';
export { ActionContext, InFlight } from './core/action-context.js';
export { Counters } from './core/counters.js';
export { resolveOptions } from './core/resolve-options.js';
export type { ResolvedRealtimeOptions } from './core/options.js';
export type { Batch } from './delivery/frame-encoder.js';
export { FlushScheduler } from './delivery/flush-scheduler.js';
export type { FrameSocket } from './delivery/outbox.js';
export { TopicRegistry } from './topics/topic-registry.js';
export { MemoryBroker, type MemoryBrokerSettings } from './broker/memory/memory-broker.js';
export { systemEnvironment } from './core/environment.js';
export { RealtimeLog, type LogSink } from './core/realtime-log.js';

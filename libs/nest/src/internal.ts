/**
 * Parts of the server that no application needs: `verification/` assembles a server from them and drives each one by
 * itself. Only the `source` condition resolves this entry point; the published package has none of it.
 */
export type { Admission, ReceivedRequest } from './admission/admission.js';
export { FrameRates } from './admission/frame-rates.js';
export { ConnectionHub } from './connection/connection-hub.js';
export { ConnectionLimits } from './connection/connection-limits.js';
export type { ConnectionSocket } from './connection/connection-socket.js';
export type { Connection } from './connection/connection.js';
export { RecentRevocations } from './connection/recent-revocations.js';
export { ActionScope } from './dispatcher/action-scope.js';
export type { ConnectionGuards } from './dispatcher/connection-guards.js';
export type { HandlerRegistry } from './dispatcher/handler-registry.js';
export { NestDispatcher } from './dispatcher/nest-dispatcher.js';
export { HttpVisits } from './http/http-visits.js';
export { Poll } from './http/poll.js';
export { RequestLimits } from './http/request-limits.js';
export { InFlight } from './lifecycle/in-flight.js';
export { Counters } from './metrics/counters.js';
export { resolveOptions } from './module/resolve-options.js';
export type { ResolvedRealtimeOptions } from './module/resolved-options.js';
export type { Batch } from './outbox/batch.js';
export { FlushScheduler } from './outbox/flush-scheduler.js';
export type { FrameSocket } from './outbox/frame-socket.js';
export { TopicRegistry } from './topics/topic-registry.js';

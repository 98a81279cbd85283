/**
 * The parts of the server's core that no application needs and the explorer drives one by one. The only place where
 * this project looks behind `@statewire/nest`.
 */
export type { Admission, ReceivedRequest } from '../../../libs/nest/src/admission/admission.js';
export { ConnectionHub } from '../../../libs/nest/src/connection/connection-hub.js';
export { ConnectionLimits } from '../../../libs/nest/src/connection/connection-limits.js';
export type { ConnectionSocket } from '../../../libs/nest/src/connection/connection-socket.js';
export type { Connection } from '../../../libs/nest/src/connection/connection.js';
export { RecentRevocations } from '../../../libs/nest/src/connection/recent-revocations.js';
export { ActionScope } from '../../../libs/nest/src/dispatcher/action-scope.js';
export type { ConnectionGuards } from '../../../libs/nest/src/dispatcher/connection-guards.js';
export type { HandlerRegistry } from '../../../libs/nest/src/dispatcher/handler-registry.js';
export { NestDispatcher } from '../../../libs/nest/src/dispatcher/nest-dispatcher.js';
export { HttpVisits } from '../../../libs/nest/src/http/http-visits.js';
export { Poll } from '../../../libs/nest/src/http/poll.js';
export { RequestLimits } from '../../../libs/nest/src/http/request-limits.js';
export { FrameRates } from '../../../libs/nest/src/admission/frame-rates.js';
export { Counters } from '../../../libs/nest/src/metrics/counters.js';
export { InFlight } from '../../../libs/nest/src/lifecycle/in-flight.js';
export { resolveOptions } from '../../../libs/nest/src/module/resolve-options.js';
export type { ResolvedRealtimeOptions } from '../../../libs/nest/src/module/resolved-options.js';
export type { Batch } from '../../../libs/nest/src/outbox/batch.js';
export { FlushScheduler } from '../../../libs/nest/src/outbox/flush-scheduler.js';
export type { FrameSocket } from '../../../libs/nest/src/outbox/frame-socket.js';
export { TopicRegistry } from '../../../libs/nest/src/topics/topic-registry.js';

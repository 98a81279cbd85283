import type { Provider } from '@nestjs/common';

import { DISPATCHER } from '../module/tokens.js';
import { ConnectionGuards } from './connection-guards.js';
import { HandlerContexts } from './handler-contexts.js';
import { HandlerRegistry } from './handler-registry.js';
import { HandlerTopicLoader } from './handler-topic-loader.js';
import { NestDispatcher } from './nest-dispatcher.js';

export { ActionData, Caller, TopicParams } from './parameters.decorator.js';
export type { Dispatcher, Invocation } from './dispatcher.js';
export { RealtimeHandlersError } from './handlers-error.js';
export {
  OnAction,
  OnPresence,
  OnTopic,
  RealtimeHandlers,
  type ActionResult,
  type OnActionOptions,
  type PresenceResult,
  type TopicResult,
} from './handlers.decorator.js';
export type { CallerContext, Identity, RealtimeRequest } from './realtime-request.js';

/** Needs `DiscoveryModule`, `REALTIME_OPTIONS`, `REALTIME_LOG`, `BROKER`, `ENVIRONMENT` and `InFlight`. */
export const dispatcherProviders: Provider[] = [
  HandlerContexts,
  HandlerRegistry,
  ConnectionGuards,
  { provide: DISPATCHER, useClass: NestDispatcher },
  HandlerTopicLoader,
];

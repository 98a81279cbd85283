import type { Provider } from '@nestjs/common';

import { ConnectionGuards } from './connection-guards.js';
import { HandlerContexts } from './handler-contexts.js';
import { HandlerRegistry } from './handler-registry.js';
import { HandlerTopicLoader } from './handler-topic-loader.js';
import { Dispatcher } from './dispatcher.js';

/** Needs `DiscoveryModule`, `REALTIME_OPTIONS`, `REALTIME_LOG`, `BROKER`, `ENVIRONMENT` and `InFlight`. */
export const dispatcherProviders: Provider[] = [
  HandlerContexts,
  HandlerRegistry,
  ConnectionGuards,
  Dispatcher,
  HandlerTopicLoader,
];

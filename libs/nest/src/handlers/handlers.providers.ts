import type { Provider } from '@nestjs/common';

import { ConnectionGuards } from './connection-guards.js';
import { PipelineFactory } from './pipeline-factory.js';
import { HandlerRegistry } from './handler-registry.js';
import { HandlerTopicLoader } from './handler-topic-loader.js';
import { Dispatcher } from './dispatcher.js';

/** Needs `DiscoveryModule`, `REALTIME_OPTIONS`, `REALTIME_LOG`, `BROKER`, `ENVIRONMENT` and `InFlight`. */
export const handlerProviders: Provider[] = [
  PipelineFactory,
  HandlerRegistry,
  ConnectionGuards,
  Dispatcher,
  HandlerTopicLoader,
];

import type { DiscoveryService, MetadataScanner } from '@nestjs/core';

import { type ActionMethod, type HandlerMethod, type TopicMethod, labelOf, parametersOf } from './handler-method.js';
import {
  ACTION_METADATA,
  HANDLERS_METADATA,
  PRESENCE_METADATA,
  recordProvided,
  TOPIC_METADATA,
  type ActionMark,
  type TopicMark,
} from './decorators.js';
import { PROBLEMS } from './handlers-error.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Every handler of the application, and the problems of their declarations. */
export interface ExploredHandlers {
  readonly topics: readonly TopicMethod[];
  /** Methods with `@OnPresence`. */
  readonly presences: readonly TopicMethod[];
  readonly actions: readonly ActionMethod[];
  readonly problems: readonly string[];
}

/** Finds the methods with `@OnTopic`, `@OnPresence` and `@OnAction` among all providers and controllers. */
export function exploreHandlers(discovery: DiscoveryService, scanner: MetadataScanner): ExploredHandlers {
  const topics: TopicMethod[] = [];
  const presences: TopicMethod[] = [];
  const actions: ActionMethod[] = [];
  const problems: string[] = [];
  // A provider may have several tokens.
  const seen = new Set<object>();
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
    seen.add(instance);
    recordProvided(instance.constructor);
    const found = methodsOf(wrapper, instance, scanner);
    const all = [...found.topics, ...found.presences, ...found.actions];
    if (all.length === 0) continue;
    if (!Reflect.getMetadata(HANDLERS_METADATA, instance.constructor)) {
      problems.push(...all.map((handler) => PROBLEMS.notDecorated(labelOf(handler))));
    }
    if (!wrapper.isDependencyTreeStatic()) problems.push(PROBLEMS.requestScoped(instance.constructor.name));
    for (const handler of found.topics) {
      if (parametersOf(handler).some(({ source }) => source === 'caller')) {
        problems.push(PROBLEMS.callerOfTopic(labelOf(handler)));
      }
    }
    topics.push(...found.topics);
    presences.push(...found.presences);
    actions.push(...found.actions);
  }
  return { topics, presences, actions, problems };
}

function methodsOf(
  wrapper: Wrapper,
  instance: object,
  scanner: MetadataScanner,
): Pick<ExploredHandlers, 'topics' | 'presences' | 'actions'> {
  const topics: TopicMethod[] = [];
  const presences: TopicMethod[] = [];
  const actions: ActionMethod[] = [];
  const prototype = Object.getPrototypeOf(instance) as Record<string, HandlerMethod['method']> | null;
  for (const name of scanner.getAllMethodNames(prototype)) {
    const method = prototype?.[name];
    if (!method) continue;
    const handler: HandlerMethod = {
      instance,
      name,
      method,
      module: wrapper.host?.token ?? '',
      providerId: wrapper.id,
    };
    const topic = Reflect.getMetadata(TOPIC_METADATA, method) as TopicMark | undefined;
    const presence = Reflect.getMetadata(PRESENCE_METADATA, method) as TopicMark | undefined;
    const action = Reflect.getMetadata(ACTION_METADATA, method) as ActionMark | undefined;
    if (topic) topics.push({ ...handler, ...topic });
    if (presence) presences.push({ ...handler, ...presence });
    if (action) actions.push({ ...handler, ...action });
  }
  return { topics, presences, actions };
}

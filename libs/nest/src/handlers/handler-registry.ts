import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ContractError, topicOfPresence, TopicMatcher } from '@statewire/protocol';

import { PipelineFactory } from './pipeline-factory.js';
import { exploreHandlers } from './handler-explorer.js';
import { labelOf, parametersOf, type ActionMethod, type TopicMethod } from './handler-method.js';
import { PROBLEMS, RealtimeHandlersError, UNCHECKED_DATA } from './handlers-error.js';
import { RunnableAction, RunnableTopic } from './runnable-handlers.js';
import { isDataUnchecked, missingPackages } from './validation.js';

/** The handler of a topic, and the parameters of the topic. */
export interface MatchedTopic {
  readonly handler: RunnableTopic;
  readonly params: Readonly<Record<string, string>>;
}

interface Handlers {
  readonly matcher: TopicMatcher;
  readonly topics: ReadonlyMap<string, RunnableTopic>;
  /** Keyed by the pattern of the followed topic. */
  readonly presences: ReadonlyMap<string, RunnableTopic>;
  readonly actions: ReadonlyMap<string, RunnableAction>;
}

/** Every handler of the application, ready to run. */
@Injectable()
export class HandlerRegistry implements OnModuleInit {
  private readonly logger = new Logger('Realtime');
  private explored: Handlers | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly contexts: PipelineFactory,
  ) {}

  /** @throws RealtimeHandlersError with every problem of the handlers. */
  onModuleInit(): void {
    this.explored ??= this.explore();
  }

  topic(name: string): MatchedTopic | undefined {
    const { matcher, topics } = this.handlers;
    const match = matcher.match(name);
    const handler = match && topics.get(match.pattern);
    return handler && { handler, params: match.params };
  }

  /** The `@OnPresence` handler of the topic with that name; undefined if it has none. */
  presence(followed: string): MatchedTopic | undefined {
    const { matcher, presences } = this.handlers;
    if (presences.size === 0) return undefined;
    const match = matcher.match(followed);
    const handler = match && presences.get(match.pattern);
    return handler && { handler, params: match.params };
  }

  action(name: string): RunnableAction | undefined {
    return this.handlers.actions.get(name);
  }

  /** Explores the handlers at start, or earlier if another provider needs a topic during its own start. */
  private get handlers(): Handlers {
    return (this.explored ??= this.explore());
  }

  private explore(): Handlers {
    const explored = exploreHandlers(this.discovery, this.scanner);
    const problems = [...explored.problems, ...this.contexts.adoptGlobals()];
    const matcher = new TopicMatcher();
    const topics = new Map<string, TopicMethod>();
    for (const handler of explored.topics) {
      const problem = addPattern(matcher, handler);
      if (problem === undefined) topics.set(handler.topic.pattern, handler);
      else problems.push(problem);
    }
    const presences = new Map<string, TopicMethod>();
    for (const handler of explored.presences) {
      const { pattern } = handler.topic;
      const followed = topicOfPresence(pattern) ?? '';
      const other = presences.get(followed);
      if (other) problems.push(PROBLEMS.duplicatePresence(pattern, labelOf(other), labelOf(handler)));
      if (!topics.has(followed)) problems.push(PROBLEMS.presenceOfNothing(labelOf(handler), followed));
      presences.set(followed, handler);
    }
    const actions = new Map<string, ActionMethod>();
    for (const handler of explored.actions) {
      const { name } = handler.action;
      const other = actions.get(name);
      if (other) problems.push(PROBLEMS.duplicateAction(name, labelOf(other), labelOf(handler)));
      else actions.set(name, handler);
    }
    for (const handler of [...explored.topics, ...explored.presences]) problems.push(...unknownParameters(handler));
    for (const handler of [...explored.topics, ...explored.presences, ...explored.actions]) {
      problems.push(...missingPackages(handler).map((name) => PROBLEMS.missingPackage(labelOf(handler), name)));
    }
    if (problems.length > 0) throw new RealtimeHandlersError(problems);
    for (const handler of actions.values()) {
      if (isDataUnchecked(handler)) this.logger.warn(UNCHECKED_DATA(labelOf(handler)));
    }
    return {
      matcher,
      topics: mapValues(topics, (handler) => new RunnableTopic(handler, this.contexts)),
      presences: mapValues(presences, (handler) => new RunnableTopic(handler, this.contexts)),
      actions: mapValues(actions, (handler) => new RunnableAction(handler, this.contexts)),
    };
  }
}

function unknownParameters(handler: TopicMethod): readonly string[] {
  const { pattern } = handler.topic;
  const names = pattern.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
  return parametersOf(handler).flatMap(({ source, field }) =>
    source === 'params' && field !== undefined && !names.includes(field)
      ? [PROBLEMS.unknownParameter(labelOf(handler), field, pattern)]
      : [],
  );
}

function addPattern(matcher: TopicMatcher, handler: TopicMethod): string | undefined {
  try {
    matcher.add(handler.topic.pattern);
    return undefined;
  } catch (error) {
    if (error instanceof ContractError) return PROBLEMS.pattern(labelOf(handler), error.message);
    throw error;
  }
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): ReadonlyMap<string, To> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}

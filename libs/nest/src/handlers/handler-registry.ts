import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ContractError, topicOfPresence, TopicMatcher, type Json } from '@statewire/protocol';
import { isObservable } from 'rxjs';

import { ActionContext } from '../core/action-context.js';
import { isPromise, type MaybePromise } from '../core/maybe-promise.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import type { ResolvedTopic, TopicLoad } from '../topics/topic-loader.js';
import { clientJson } from './client-json.js';
import { ExceptionMapper } from './exception-mapper.js';
import { exploreHandlers } from './handler-explorer.js';
import {
  labelOf,
  ownField,
  parametersOf,
  type ActionMethod,
  type HandlerMethod,
  type TopicMethod,
} from './handler-method.js';
import { PROBLEMS, RealtimeHandlersError } from './handlers-error.js';
import { problemsOfActionParameters, problemsOfTopicParameters } from './parameter-problems.js';
import { PipelineFactory, type Call } from './pipeline-factory.js';
import type { Serialize } from './serializer.js';
import { warnOfHandlers } from './start-warnings.js';

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

  /** Resolves when every class serializer can serialize, with whether a topic or its presence topic has one. */
  async prepareSerializers(): Promise<boolean> {
    const { actions, presences, topics } = this.handlers;
    const ofTopics = [...topics.values(), ...presences.values()];
    await Promise.all([...ofTopics, ...actions.values()].map(({ prepared }) => prepared));
    return ofTopics.some(({ serializes }) => serializes);
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

  /** Whether the application has no handler at all. */
  get isEmpty(): boolean {
    const { topics, actions } = this.handlers;
    return topics.size === 0 && actions.size === 0;
  }

  /** Whether a topic of the application has no handler. False if the application has none at all and only publishes. */
  lacks(name: string): boolean {
    return this.handlers.topics.size > 0 && topicOfPresence(name) === undefined && this.topic(name) === undefined;
  }

  /** Logs one line for each handler, as Nest does for each route. */
  private logMapped(topics: readonly TopicMethod[], actions: ReadonlyMap<string, ActionMethod>): void {
    const { log } = this.contexts;
    for (const { topic } of topics) log.info(`Mapped {${topic.pattern}, ${kindOf(topic)}} topic`);
    for (const name of actions.keys()) log.info(`Mapped {${name}} action`);
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
      const { pattern } = handler.topic;
      const other = topics.get(pattern);
      const problem = other
        ? PROBLEMS.duplicateTopic(pattern, labelOf(other), labelOf(handler))
        : addPattern(matcher, handler);
      if (problem === undefined) topics.set(pattern, handler);
      else problems.push(problem);
    }
    const presences = new Map<string, TopicMethod>();
    for (const handler of explored.presences) {
      const { pattern } = handler.topic;
      const followed = topicOfPresence(pattern) ?? '';
      const other = presences.get(followed);
      if (other) problems.push(PROBLEMS.duplicateTopic(pattern, labelOf(other), labelOf(handler)));
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
    problems.push(...[...explored.topics, ...explored.presences].flatMap(problemsOfTopicParameters));
    problems.push(...explored.actions.flatMap(problemsOfActionParameters));
    if (problems.length > 0) throw new RealtimeHandlersError(problems);
    warnOfHandlers(this.contexts, [...topics.values()], [...actions.values()]);
    this.logMapped([...topics.values(), ...presences.values()], actions);
    return {
      matcher,
      topics: mapValues(topics, (handler) => new RunnableTopic(handler, this.contexts)),
      presences: mapValues(presences, (handler) => new RunnableTopic(handler, this.contexts)),
      actions: mapValues(actions, (handler) => new RunnableAction(handler, this.contexts)),
    };
  }
}

function kindOf({ pattern, kind }: TopicMethod['topic']): string {
  return topicOfPresence(pattern) === undefined ? kind : 'presence';
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

/** The handler of a topic: checks its readers and loads its first value. */
class RunnableTopic {
  readonly topic: Pick<ResolvedTopic, 'kind' | 'rowKey'>;
  /** Resolves when the class serializers of the handler can serialize. */
  readonly prepared: Promise<void>;
  private serializer: Serialize | undefined;
  /** The guards, interceptors and pipes alone, without the handler. Undefined if there are none. */
  private readonly check: Call | undefined;
  private readonly start: (request: RealtimeRequest) => unknown;
  private readonly isPipeless: boolean;
  private readonly exceptions: ExceptionMapper;

  constructor(handler: TopicMethod, contexts: PipelineFactory) {
    const { kind, rowKey } = handler.topic;
    this.topic = { kind, ...(rowKey !== undefined && { rowKey }) };
    this.exceptions = new ExceptionMapper(labelOf(handler), 'topic', contexts.log, contexts.filter(handler));
    this.check = contexts.isPlain(handler) ? undefined : contexts.create(handler, () => undefined, { enhancers: true });
    this.isPipeless = contexts.isPipeless(handler);
    this.prepared = contexts.serializer(handler, 'topic').then((serializer) => {
      this.serializer = serializer;
    });
    const { instance, method } = handler;
    if (this.isPipeless) {
      const read = argumentsReader(handler);
      this.start = (request) => method.apply(instance, read(request));
    } else {
      // In a box, because the pipeline would wait for the last value of an observable.
      const boxed = (...list: unknown[]): { result: unknown } => ({ result: method.apply(instance, list) });
      this.start = contexts.create(handler, boxed, { enhancers: false });
    }
  }

  /** Whether the handler has class serializers. Known when {@link prepared} has resolved. */
  get serializes(): boolean {
    return this.serializer !== undefined;
  }

  /** Returns a value as the class serializers of the handler show it to every caller. */
  serialize(value: unknown): unknown {
    return this.serializer === undefined ? value : this.serializer(value);
  }

  /** @throws RealtimeError if the caller may not read the topic. */
  async authorize(request: RealtimeRequest): Promise<void> {
    try {
      await this.check?.(request);
    } catch (error) {
      await this.reject(error, request);
    }
  }

  /** Calls the handler. Every error of it becomes a RealtimeError for the callers that wait for the first value. */
  load(request: RealtimeRequest): TopicLoad | Promise<TopicLoad> {
    return this.isPipeless ? this.loadNow(request) : this.loadAfterPipes(request);
  }

  private loadNow(request: RealtimeRequest): TopicLoad {
    try {
      return this.toLoad(this.start(request), request);
    } catch (error) {
      return { type: 'value', value: this.reject(error, request) };
    }
  }

  private async loadAfterPipes(request: RealtimeRequest): Promise<TopicLoad> {
    try {
      const { result } = (await this.start(request)) as { result: unknown };
      return this.toLoad(result, request);
    } catch (error) {
      return this.reject(error, request);
    }
  }

  private toLoad(result: unknown, request: RealtimeRequest): TopicLoad {
    if (result === undefined) return { type: 'nothing' };
    if (isObservable(result)) return { type: 'source', source: result };
    return { type: 'value', value: Promise.resolve(result).catch((error: unknown) => this.reject(error, request)) };
  }

  private async reject(error: unknown, request: RealtimeRequest): Promise<never> {
    throw await this.exceptions.toRealtimeError(error, request);
  }
}

/** An action of the application behind its pipeline. */
class RunnableAction {
  readonly parallel: boolean;
  /** Milliseconds; undefined: `limits.timeouts.actionMs`. */
  readonly timeout: number | undefined;
  /** Resolves when the class serializers of the handler can serialize. */
  readonly prepared: Promise<void>;
  private serializer: Serialize | undefined;
  private readonly invoke: (request: RealtimeRequest) => unknown;
  private readonly exceptions: ExceptionMapper;

  constructor(handler: ActionMethod, contexts: PipelineFactory) {
    this.prepared = contexts.serializer(handler, 'action').then((serializer) => {
      this.serializer = serializer;
    });
    this.parallel = handler.parallel;
    this.timeout = handler.timeout;
    this.exceptions = new ExceptionMapper(labelOf(handler), 'action', contexts.log, contexts.filter(handler));
    const { instance, method } = handler;
    const start = (...list: unknown[]): unknown => ActionContext.start(() => method.apply(instance, list));
    if (contexts.isPlain(handler)) {
      const read = argumentsReader(handler);
      this.invoke = (request) => start(...read(request));
    } else {
      this.invoke = contexts.create(handler, start, { enhancers: true });
    }
  }

  /**
   * Returns the result at once if no enhancer runs around the handler, and the handler returns no promise.
   *
   * @throws (rejects) RealtimeError, and nothing else.
   */
  call(request: RealtimeRequest): MaybePromise<Json | undefined> {
    try {
      const result = this.invoke(request);
      return isPromise(result) ? this.finish(result, request) : this.toJson(result);
    } catch (error) {
      return this.reject(error, request);
    }
  }

  private async finish(running: Promise<unknown>, request: RealtimeRequest): Promise<Json | undefined> {
    try {
      return this.toJson(await running);
    } catch (error) {
      return this.reject(error, request);
    }
  }

  /** A result that no client can read fails here, so that the error names the handler. */
  private toJson(result: unknown): Json | undefined {
    const shown = this.serializer === undefined ? result : this.serializer(result);
    return clientJson(shown, 'The result of an action');
  }

  private async reject(error: unknown, request: RealtimeRequest): Promise<never> {
    throw await this.exceptions.toRealtimeError(error, request);
  }
}

type ReadArguments = (request: RealtimeRequest) => unknown[];

const READERS = {
  data: (request: RealtimeRequest): unknown => request.data,
  params: (request: RealtimeRequest): unknown => request.params,
  caller: (request: RealtimeRequest): unknown => request.user,
  other: (): unknown => undefined,
} as const;

/** Reads the arguments of a handler without pipes. A handler without decorated parameters gets the request. */
function argumentsReader(handler: HandlerMethod): ReadArguments {
  const parameters = parametersOf(handler).map(({ index, source, field }) => ({
    index,
    read:
      field === undefined ? READERS[source] : (request: RealtimeRequest) => ownField(READERS[source](request), field),
  }));
  if (parameters.length === 0) return (request) => [request];
  return (request) => {
    const list: unknown[] = [];
    for (const { index, read } of parameters) list[index] = read(request);
    return list;
  };
}

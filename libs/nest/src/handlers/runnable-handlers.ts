import type { TopicKind, Json } from '@statewire/protocol';
import { isObservable } from 'rxjs';

import type { TopicLoad } from '../topics/topic-loader.js';
import {
  labelOf,
  ownField,
  parametersOf,
  type ActionMethod,
  type HandlerMethod,
  type TopicMethod,
} from './handler-method.js';
import type { Call, PipelineFactory } from './pipeline-factory.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { ExceptionMapper } from './exception-mapper.js';
import { ActionContext } from '../core/action-context.js';

/** The handler of a topic: checks its readers and loads its first value. */
export class RunnableTopic {
  readonly kind: TopicKind;
  /** The guards, interceptors and pipes alone, without the handler. Undefined if there are none. */
  private readonly check: Call | undefined;
  private readonly start: (request: RealtimeRequest) => unknown;
  private readonly isPipeless: boolean;
  private readonly exceptions: ExceptionMapper;

  constructor(handler: TopicMethod, contexts: PipelineFactory) {
    this.kind = handler.topic.kind;
    this.exceptions = new ExceptionMapper(labelOf(handler), 'topic', contexts.log, contexts.filter(handler));
    this.check = contexts.isPlain(handler) ? undefined : contexts.create(handler, () => undefined, { enhancers: true });
    this.isPipeless = contexts.isPipeless(handler);
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
export class RunnableAction {
  readonly parallel: boolean;
  /** Milliseconds; undefined: `limits.timeouts.actionMs`. */
  readonly timeout: number | undefined;
  private readonly invoke: Call;
  private readonly exceptions: ExceptionMapper;

  constructor(handler: ActionMethod, contexts: PipelineFactory) {
    this.parallel = handler.parallel;
    this.timeout = handler.timeout;
    this.exceptions = new ExceptionMapper(labelOf(handler), 'action', contexts.log, contexts.filter(handler));
    const { instance, method } = handler;
    const start = (...list: unknown[]): Promise<unknown> => ActionContext.start(() => method.apply(instance, list));
    if (contexts.isPlain(handler)) {
      const read = argumentsReader(handler);
      this.invoke = (request) => start(...read(request));
    } else {
      this.invoke = contexts.create(handler, start, { enhancers: true });
    }
  }

  /** @throws RealtimeError, and nothing else. */
  async call(request: RealtimeRequest): Promise<Json | undefined> {
    try {
      // The answer must be JSON. A value without JSON fails here, so that the error names the handler.
      const text: string | undefined = JSON.stringify(await this.invoke(request));
      return text === undefined ? undefined : (JSON.parse(text) as Json);
    } catch (error) {
      throw await this.exceptions.toRealtimeError(error, request);
    }
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

import type { Json } from '@statewire/protocol';

import { argumentsReader, labelOf, type ActionMethod } from './handler-method.js';
import { ActionContext } from '../core/action-context.js';
import type { Call, PipelineFactory } from './pipeline-factory.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { ExceptionMapper } from './exception-mapper.js';

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
      // The answer is sent and remembered as JSON: what is none fails here, where the handler is known.
      const text: string | undefined = JSON.stringify(await this.invoke(request));
      return text === undefined ? undefined : (JSON.parse(text) as Json);
    } catch (error) {
      throw await this.exceptions.toRealtimeError(error, request);
    }
  }
}

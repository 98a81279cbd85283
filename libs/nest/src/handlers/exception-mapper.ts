import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

import type { RealtimeLog } from '../core/realtime-log.js';
import { internalError, type RealtimeError } from '../core/errors.js';
import { CONTEXT_TYPE, type Filter } from './handler-contexts.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { RESPONSE_TRAP, ResponseTouchedError } from './response-trap.js';
import { fromFilterAnswer, fromThrown, type Asked } from './application-error.js';

/** Turns what the enhancers or the body of one handler threw into the error its caller is told. */
export class ExceptionMapper {
  private warned = false;

  constructor(
    /** What logs call the handler. */
    private readonly label: string,
    private readonly asked: Asked,
    private readonly log: RealtimeLog,
    private readonly filter?: Filter,
  ) {}

  /** Never rejects. Logs what nobody foresaw, once. */
  async of(thrown: unknown, request: RealtimeRequest): Promise<RealtimeError> {
    const error = tellable(await this.filtered(thrown, request));
    if (error.code !== 'internal') return error;
    this.report(error.options.cause ?? error);
    return internalError(error);
  }

  private async filtered(thrown: unknown, request: RealtimeRequest): Promise<RealtimeError> {
    try {
      const host = new ExecutionContextHost([request, RESPONSE_TRAP]);
      host.setType(CONTEXT_TYPE);
      const answer = await this.filter?.(thrown, host);
      if (answer === undefined) return fromThrown(thrown, this.asked);
      const error = fromFilterAnswer(answer, thrown);
      if (error) return error;
      this.warnOnce('a filter returned something other than { code, message }');
      return internalError(thrown);
    } catch (fromFilter) {
      return fromThrown(fromFilter, this.asked);
    }
  }

  private report(cause: unknown): void {
    if (cause instanceof ResponseTouchedError) {
      this.warnOnce(`an enhancer used "${cause.property}" of an HTTP response, and there is none`);
      return;
    }
    this.log.error('handler-failed', cause, { reason: this.label });
  }

  /** Made for HTTP, it does so for every caller: one line is enough. */
  private warnOnce(what: string): void {
    if (this.warned) return;
    this.warned = true;
    this.log.warn('enhancer-needs-http', { reason: this.label, what, answer: 'internal', option: 'globalEnhancers' });
  }
}

/** Details of an application's own error may be anything; only JSON can be told. */
function tellable(error: RealtimeError): RealtimeError {
  try {
    JSON.stringify(error.options.details);
    return error;
  } catch (cause) {
    return internalError(cause);
  }
}

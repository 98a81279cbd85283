import { ForbiddenException, HttpException, type HttpExceptionBody } from '@nestjs/common';
import { FORBIDDEN_MESSAGE } from '@nestjs/core/guards/constants.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsException } from '@nestjs/websockets';
import { ERROR_CODES, type ErrorCode, type Json } from '@statewire/protocol';

import { internalError, RealtimeError, type RealtimeErrorOptions } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { clientJson } from './client-json.js';
import { guardThatRejected } from './named-guards.js';
import { CONTEXT_TYPE, type Filter } from './pipeline-factory.js';
import { ResponseSentError, ResponseStub } from './response-stub.js';

/** Advice for an enhancer that sends an HTTP response. */
const SKIP_REALTIME =
  "The caller gets 'internal'. Return early from the enhancer if RealtimeExecutionContext.isRealtime(context), or leave a " +
  'global one out with the option globalEnhancers.';

/** Advice for a filter whose result is no error for the caller. */
const RETURN_ERROR =
  "The caller gets 'internal'. Return { code, message } from the filter, with a code of the protocol such as " +
  "'action_failed', or nothing.";

/** The enhancer that an error comes from, if it is known. */
interface Origin {
  readonly guard?: string | undefined;
  readonly isFromFilter?: boolean;
}

interface FilteredError {
  readonly error: RealtimeError;
  /** Whether the filter failed itself, or threw another error in place of the one that it got. */
  readonly isFromFilter?: boolean;
}

/** Maps errors of one handler and of its enhancers to the error for the caller. */
export class ExceptionMapper {
  private warned = false;

  constructor(
    /** Name of the handler in the log. */
    private readonly label: string,
    private readonly kind: RequestKind,
    private readonly log: RealtimeLog,
    private readonly filter?: Filter,
  ) {}

  /** Never rejects. Logs unexpected errors, and the guards that deny access. */
  async toRealtimeError(thrown: unknown, request: RealtimeRequest): Promise<RealtimeError> {
    const { error: filtered, isFromFilter = false } = await this.filtered(thrown, request);
    const error = withReadableDetails(filtered);
    const guard = guardThatRejected(request);
    if (error.code === 'internal') {
      const cause = 'cause' in error.options ? error.options.cause : error;
      this.report(cause, request, isFromFilter ? { isFromFilter } : { guard });
      return internalError(error);
    }
    if (guard !== undefined) {
      const { topic, action } = request;
      this.log.debug('guard-denied', { reason: this.label, guard, code: error.code, topic, action });
    }
    return error;
  }

  private async filtered(thrown: unknown, request: RealtimeRequest): Promise<FilteredError> {
    try {
      const host = new ExecutionContextHost([request, new ResponseStub()]);
      host.setType(CONTEXT_TYPE);
      const answer = await this.filter?.(thrown, host);
      if (answer === undefined) return { error: guardDenial(thrown, request) ?? fromThrown(thrown, this.kind) };
      const error = fromFilterAnswer(answer, thrown);
      if (error) return { error };
      this.warnOnce('a filter returned no { code, message } with a code of the protocol', RETURN_ERROR);
      return { error: internalError(thrown) };
    } catch (fromFilter) {
      return { error: fromThrown(fromFilter, this.kind), isFromFilter: fromFilter !== thrown };
    }
  }

  private report(cause: unknown, { topic, action }: RealtimeRequest, { guard, isFromFilter }: Origin): void {
    if (cause instanceof ResponseSentError) {
      const other = isFromFilter ? 'a filter' : 'an enhancer';
      const enhancer = guard === undefined ? other : `the guard ${guard}`;
      this.warnOnce(
        `${enhancer} called "${cause.method}" of an HTTP response, and there is none`,
        SKIP_REALTIME,
        cause.caller,
      );
      return;
    }
    this.log.error('handler-failed', cause, { reason: this.label, guard, topic, action });
  }

  /** An enhancer made for HTTP fails for every caller; one line is enough. */
  private warnOnce(what: string, advice: string, at?: string): void {
    if (this.warned) return;
    this.warned = true;
    this.log.warn('enhancer-needs-http', { reason: this.label, what, at, advice });
  }
}

/**
 * Returns the error for a guard that returned false or threw a WsException, as guards of gateways do. Nest's own message
 * for false does not say what the guard denied.
 */
function guardDenial(thrown: unknown, request: RealtimeRequest): RealtimeError | undefined {
  if (thrown instanceof WsException && guardThatRejected(request) !== undefined) {
    return new RealtimeError('forbidden', thrown.message, { cause: thrown });
  }
  const { topic, action } = request;
  if (!(thrown instanceof ForbiddenException) || thrown.message !== FORBIDDEN_MESSAGE) return undefined;
  const denied = action === undefined ? `topic "${topic}"` : `action "${action}"`;
  return new RealtimeError('forbidden', `A guard denied access to the ${denied}.`, { cause: thrown });
}

/** Checks that clients can read the details of an application's error. */
function withReadableDetails(error: RealtimeError): RealtimeError {
  try {
    clientJson(error.options.details, 'The value of details');
    return error;
  } catch (cause) {
    return internalError(cause);
  }
}

/** The kind of a request: the same exception has another code for a topic than for an action. */
export type RequestKind = 'topic' | 'action' | 'connection';

/** Maps an error of application code to the error for the client. */
export function fromThrown(thrown: unknown, kind: RequestKind): RealtimeError {
  if (thrown instanceof RealtimeError) return thrown;
  if (thrown instanceof WsException) return new RealtimeError(rejectionCodeOf(kind), thrown.message, { cause: thrown });
  if (thrown instanceof HttpException) return fromHttpException(thrown, kind);
  return internalError(thrown);
}

/** Reads the answer of a filter, `{ code, message, details?, retryAfter? }`. Undefined for anything else. */
export function fromFilterAnswer(answer: unknown, cause: unknown): RealtimeError | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { code, message, details, retryAfter } = answer as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code) || typeof message !== 'string') return undefined;
  return new RealtimeError(code as ErrorCode, message, {
    cause,
    ...(details === undefined ? {} : { details: toJson(details) }),
    ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
  });
}

function fromHttpException(exception: HttpException, kind: RequestKind): RealtimeError {
  const status = exception.getStatus();
  const complaints = complaintsOf(exception);
  if (status < 500 && complaints !== undefined) {
    return new RealtimeError('validation_failed', 'The data is invalid.', { details: complaints, cause: exception });
  }
  const code = codeOf(status, kind);
  if (code === 'internal') return internalError(exception);
  const options: RealtimeErrorOptions = { cause: exception };
  return new RealtimeError(code, exception.message, options);
}

function codeOf(status: number, kind: RequestKind): ErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return kind === 'topic' ? 'unknown_topic' : rejectionCodeOf(kind);
    case 413:
      return 'too_large';
    case 429:
      return 'too_many_requests';
    case 503:
      return 'unavailable';
    default:
      return status >= 400 && status < 500 ? rejectionCodeOf(kind) : 'internal';
  }
}

/** The code for a rejection that has no better code in the protocol. */
function rejectionCodeOf(kind: RequestKind): ErrorCode {
  switch (kind) {
    case 'action':
      return 'action_failed';
    case 'topic':
      return 'bad_request';
    case 'connection':
      return 'forbidden';
  }
}

/** The list of messages that ValidationPipe and similar pipes put into their exceptions. */
function complaintsOf(exception: HttpException): Json | undefined {
  const response = exception.getResponse();
  if (typeof response === 'string') return undefined;
  const { message } = response as Partial<HttpExceptionBody>;
  return Array.isArray(message) ? toJson(message) : undefined;
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

import { HttpException, type HttpExceptionBody } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { ERROR_CODES, type ErrorCode, type Json } from '@statewire/protocol';

import { internalError, RealtimeError, type RealtimeErrorOptions } from '../core/errors.js';

/** What was asked for: the same exception means something else for a topic than for an action. */
export type Asked = 'topic' | 'action' | 'connection';

/** The error that answers whatever application code threw. */
export function fromThrown(thrown: unknown, asked: Asked): RealtimeError {
  if (thrown instanceof RealtimeError) return thrown;
  if (thrown instanceof WsException) return new RealtimeError(refusalOf(asked), thrown.message, { cause: thrown });
  if (thrown instanceof HttpException) return fromHttpException(thrown, asked);
  return internalError(thrown);
}

/** The error a filter answered with: `{ code, message, details?, retryAfter? }`. Undefined where it is none. */
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

function fromHttpException(exception: HttpException, asked: Asked): RealtimeError {
  const status = exception.getStatus();
  const complaints = complaintsOf(exception);
  if (status < 500 && complaints !== undefined) {
    return new RealtimeError('validation_failed', 'The data was refused.', { details: complaints, cause: exception });
  }
  const code = codeOf(status, asked);
  if (code === 'internal') return internalError(exception);
  const options: RealtimeErrorOptions = { cause: exception };
  return new RealtimeError(code, exception.message, options);
}

function codeOf(status: number, asked: Asked): ErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return asked === 'topic' ? 'unknown_topic' : refusalOf(asked);
    case 413:
      return 'too_large';
    case 429:
      return 'too_many_requests';
    case 503:
      return 'unavailable';
    default:
      return status >= 400 && status < 500 ? refusalOf(asked) : 'internal';
  }
}

/** How the application says no where no code of the protocol says it better. */
function refusalOf(asked: Asked): ErrorCode {
  switch (asked) {
    case 'action':
      return 'action_failed';
    case 'topic':
      return 'bad_request';
    case 'connection':
      return 'forbidden';
  }
}

/** The list of messages that ValidationPipe, and pipes that follow it, put into their exceptions. */
function complaintsOf(exception: HttpException): Json | undefined {
  const response = exception.getResponse();
  if (typeof response === 'string') return undefined;
  const { message } = response as Partial<HttpExceptionBody>;
  return Array.isArray(message) ? toJson(message) : undefined;
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

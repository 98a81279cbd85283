import { ERROR_CODES, ProtocolError, type ErrorCode, type ErrorFrame, type Json } from '@statewire/protocol';

import type { RealtimeLog } from './realtime-log.js';

/** Options of a {@link RealtimeError}. */
export interface RealtimeErrorOptions {
  /** Milliseconds to wait before the next try. The client never gets it for an error of an action's handler. */
  readonly retryAfter?: number;
  /** For `validation_failed`: the complaint of each field. */
  readonly details?: Json;
  /** The original error, for the log only. */
  readonly cause?: unknown;
}

/**
 * An error whose code and message reach the client. Throw it from handlers and guards:
 *
 * @example throw new RealtimeError('action_failed', 'The shop is closed.');
 */
export class RealtimeError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'RealtimeError';

  /** @throws TypeError if the protocol has no such code; RangeError if `retryAfter` is no number from 0. */
  constructor(
    /** Code of the error frame. It decides `temporary` and the HTTP status. */
    readonly code: ErrorCode,
    message: string,
    /** `retryAfter` and `details` of the error frame, and the cause for the log. */
    readonly options: RealtimeErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    if (!Object.hasOwn(ERROR_CODES, code)) {
      throw new TypeError(
        `RealtimeError takes an error code of the protocol, got "${code as string}". For errors of your own use ` +
          "'action_failed', and put your code into `details`.",
      );
    }
    const { retryAfter = 0 } = options;
    if (Number.isFinite(retryAfter) && retryAfter >= 0) return;
    throw new RangeError(`RealtimeError takes retryAfter in milliseconds from 0, got ${retryAfter}.`);
  }

  /** Returns the error frame for a failed request. `request` identifies the request. */
  toFrame(request: Pick<ErrorFrame, 'id' | 'topic' | 'ref'> = {}): ErrorFrame {
    const { retryAfter, details } = this.options;
    return {
      type: 'error',
      code: this.code,
      message: this.message,
      temporary: ERROR_CODES[this.code].temporary,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(details === undefined ? {} : { details }),
      ...request,
    };
  }
}

/** The message of every error that is not meant for clients. */
const INTERNAL_MESSAGE = 'Something failed on the server.';

/** An unexpected error. The client learns nothing of its cause. */
export function internalError(cause: unknown): RealtimeError {
  return new RealtimeError('internal', INTERNAL_MESSAGE, { cause });
}

/** Maps anything that was thrown to an error for the client: `internal`, unless it was made for clients. */
export function toRealtimeError(thrown: unknown): RealtimeError {
  if (thrown instanceof RealtimeError) return thrown;
  if (thrown instanceof ProtocolError) return new RealtimeError(thrown.code, thrown.message);
  return internalError(thrown);
}

/** The same, and logs an unexpected error. */
export function toClientError(thrown: unknown, log: RealtimeLog, connection: string): RealtimeError {
  if (!(thrown instanceof RealtimeError || thrown instanceof ProtocolError)) {
    log.error('request-failed', thrown, { connection });
  }
  return toRealtimeError(thrown);
}

type RequestReference = Pick<ErrorFrame, 'id' | 'topic' | 'ref'>;

/** The fields of a request that its answer repeats. Leaves out fields that the request does not have. */
export function echoOf({ id, topic, ref }: RequestReference): RequestReference {
  return {
    ...(id === undefined ? {} : { id }),
    ...(topic === undefined ? {} : { topic }),
    ...(ref === undefined ? {} : { ref }),
  };
}

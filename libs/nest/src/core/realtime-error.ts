import { ERROR_CODES, type ErrorCode, type ErrorFrame, type Json } from '@statewire/protocol';

export interface RealtimeErrorOptions {
  /** Milliseconds to wait before asking again. Not told of what an action's handler throws: it is the action's answer. */
  readonly retryAfter?: number;
  /** For `validation_failed`: what is wrong with which field. */
  readonly details?: Json;
  readonly cause?: unknown;
}

/**
 * An error whose code and message reach the client. Throw it from handlers and guards:
 *
 * @example throw new RealtimeError('action_failed', 'The shop is closed.');
 */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: RealtimeErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
  }

  /** The frame that answers whatever failed; `asked` says what that was. */
  toFrame(asked: Pick<ErrorFrame, 'id' | 'topic' | 'ref'> = {}): ErrorFrame {
    const { retryAfter, details } = this.options;
    return {
      type: 'error',
      code: this.code,
      message: this.message,
      temporary: ERROR_CODES[this.code].temporary,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(details === undefined ? {} : { details }),
      ...asked,
    };
  }
}

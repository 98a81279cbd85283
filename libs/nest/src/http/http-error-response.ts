import { ERROR_CODES } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

/** An error whose HTTP status says more than its code. */
export class HttpErrorResponse extends Error {
  override readonly name = 'HttpErrorResponse';

  constructor(
    readonly status: number,
    readonly error: RealtimeError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
  }

  static of(error: RealtimeError): HttpErrorResponse {
    const { retryAfter } = error.options;
    const headers: Record<string, string> =
      retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter / 1_000)) };
    return new HttpErrorResponse(ERROR_CODES[error.code].status, error, headers);
  }
}

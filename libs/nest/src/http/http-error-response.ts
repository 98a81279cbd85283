import { ERROR_CODES } from '@statewire/protocol';

import type { RealtimeError } from '../core/realtime-error.js';

/** An error whose HTTP status says more than its code. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';

  constructor(
    readonly status: number,
    readonly error: RealtimeError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
  }

  static of(error: RealtimeError): HttpRefusal {
    const { retryAfter } = error.options;
    const headers: Record<string, string> =
      retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter / 1_000)) };
    return new HttpRefusal(ERROR_CODES[error.code].status, error, headers);
  }
}

import { RealtimeError } from '../core/errors.js';

/** Milliseconds after which asking again may help. */
const RETRY_AFTER = 1_000;

/** The topic is not there now, and may be soon. */
export function unavailable(message: string): RealtimeError {
  return new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER });
}

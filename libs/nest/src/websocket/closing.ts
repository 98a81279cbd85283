import { CLOSE_CODES, type Json } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

/** A close code and the words that travel with it. */
export interface Closing {
  readonly code: number;
  readonly meaning: string;
}

/** Something failed on our side (RFC 6455 §7.4.1): the client may try again. */
export const INTERNAL_ERROR: Closing = { code: 1011, meaning: 'something failed on the server' };

/** The node restarts (RFC 6455 registry): stragglers of a drain. */
export const SERVICE_RESTART: Closing = { code: 1012, meaning: 'the server restarts' };

/** @returns how a connection ends whose `hello` failed so. */
export function closingAfter(error: RealtimeError): Closing {
  switch (error.code) {
    case 'too_many_requests':
      return CLOSE_CODES.tooManyRequests;
    case 'unavailable':
    case 'timeout':
      return CLOSE_CODES.overloaded;
    case 'internal':
      return INTERNAL_ERROR;
    default:
      return isExpired(error.options.details) ? CLOSE_CODES.tokenExpired : CLOSE_CODES.rejected;
  }
}

function isExpired(details: Json | undefined): boolean {
  return typeof details === 'object' && details !== null && 'expired' in details && details.expired === true;
}

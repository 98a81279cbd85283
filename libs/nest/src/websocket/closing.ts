import { CLOSE_CODES, type Json } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';
import type { TimeoutOptions } from '../core/options.js';

/** A close code and its meaning, which the close frame carries as its reason. */
export interface Closing {
  readonly code: number;
  readonly meaning: string;
}

/** The state of a connection. `greeting`: the server waits for `hello`. `admitting`: the server verifies `hello`. */
export type Phase = 'greeting' | 'admitting' | 'open' | 'closed';

/** The server failed (RFC 6455 §7.4.1). The client may try again. */
export const INTERNAL_ERROR: Closing = { code: 1011, meaning: 'something failed on the server' };

/**
 * The close code of ws for a message above the limit (RFC 6455 §7.4.1). The client ends its largest action and
 * reconnects.
 */
export const MESSAGE_TOO_BIG = 1009;

/** The node restarts (RFC 6455 registry). Ends the connections that a drain leaves over. */
export const SERVICE_RESTART: Closing = { code: 1012, meaning: 'the server restarts' };

/**
 * The user has the maximum of connections (RFC 6455 registry, "try again later"). The client polls meanwhile, as after
 * an upgrade with 429. After 4100, which ends a flood of frames, it would not poll.
 */
const TOO_MANY_CONNECTIONS: Closing = { code: 1013, meaning: 'too many connections: try again later' };

/** @returns the close code for a connection whose `hello` failed with `error`. */
export function closingAfter(error: RealtimeError): Closing {
  switch (error.code) {
    case 'too_many_requests':
      return TOO_MANY_CONNECTIONS;
    case 'unavailable':
    case 'timeout':
      return CLOSE_CODES.overloaded;
    case 'internal':
      return INTERNAL_ERROR;
    default:
      return isExpired(error.options.details) ? CLOSE_CODES.tokenExpired : CLOSE_CODES.rejected;
  }
}

/**
 * @param elapsed milliseconds since the connection entered the phase.
 * @returns the close code for a connection that missed a deadline of its phase; undefined if it missed none.
 */
export function closingAtDeadline(
  phase: Phase,
  elapsed: number,
  { helloMs, authenticationMs }: Pick<TimeoutOptions, 'helloMs' | 'authenticationMs'>,
): Closing | undefined {
  if (phase === 'greeting' && helloMs > 0 && elapsed >= helloMs) return CLOSE_CODES.helloTimeout;
  if (phase !== 'admitting' || authenticationMs === 0 || elapsed < authenticationMs) return undefined;
  return CLOSE_CODES.overloaded;
}

function isExpired(details: Json | undefined): boolean {
  return typeof details === 'object' && details !== null && 'expired' in details && details.expired === true;
}

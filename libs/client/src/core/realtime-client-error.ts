import type { ErrorCode, ErrorFrame, Json, UnsubscribedCode } from '@statewire/protocol';

/**
 * Codes of a `RealtimeClientError`: those of the protocol, and seven of the client itself.
 *
 * - `closed`: the server closed the topic.
 * - `kind_mismatch`: the server has the topic as the other kind, state or events.
 * - `not_sent`: the client never sent the action.
 * - `client_closed`: the application called `close()`.
 * - `invalid_update`: an optimistic update returned undefined.
 * - `invalid_topic`: the reference function of an application threw an error, which is the `cause`. Only in Angular.
 * - `invalid_option`: `createRealtimeClient` got an option with an invalid value, or an unknown option.
 */
export type ClientErrorCode =
  | ErrorCode
  | Extract<UnsubscribedCode, 'closed'>
  | 'kind_mismatch'
  | 'not_sent'
  | 'client_closed'
  | 'invalid_update'
  | 'invalid_topic'
  | 'invalid_option';

/** The error of an action, of `state()` and `events()`, and in the state of a topic. */
export class RealtimeClientError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'RealtimeClientError';

  constructor(
    /** The reason: a code of the server, or one of the client. */
    readonly code: ClientErrorCode,
    message: string,
    /** Details of the server's error frame, if it has any. */
    readonly details?: Json,
    /** Whether the same request may succeed later. */
    readonly temporary = false,
  ) {
    super(message);
  }
}

/** Returns the error of the application for an error frame. */
export function toClientError({ code, message, details, temporary }: ErrorFrame): RealtimeClientError {
  return new RealtimeClientError(code, message, details, temporary);
}

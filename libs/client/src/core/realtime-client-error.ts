import type { ErrorCode, Json, UnsubscribedCode } from '@statewire/protocol';

/** Codes that only the client itself can give. */
export type ClientErrorCode =
  ErrorCode | Extract<UnsubscribedCode, 'closed'> | 'kind_mismatch' | 'not_sent' | 'client_closed' | 'invalid_update';

/** What observables of the client err with, and what the error of a topic is. */
export class RealtimeClientError extends Error {
  override readonly name = 'RealtimeClientError';

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    /** From the server's error frame, where there is one. */
    readonly details?: Json,
    readonly temporary = false,
  ) {
    super(message);
  }
}

import type { ErrorFrame } from '@statewire/protocol';

const NOT_STARTED: ReadonlySet<string> = new Set(['unavailable', 'too_many_requests']);

/**
 * Whether the server refused an action before its handler, and told when to send it again. What an application's own
 * handler refuses has these codes without `retryAfter`, is remembered, and is the answer.
 */
export function isNotStarted(error: ErrorFrame): error is ErrorFrame & { readonly retryAfter: number } {
  return error.temporary && error.retryAfter !== undefined && NOT_STARTED.has(error.code);
}

import type { ErrorFrame } from '@statewire/protocol';

const CODES: ReadonlySet<string> = new Set(['unavailable', 'too_many_requests']);

/**
 * Returns whether the server rejected an action before its handler started. The client may then send it again after
 * `retryAfter` ms. A handler may throw the same codes, but without `retryAfter`: that error is the result of the
 * action.
 */
export function isRejectedBeforeStart(error: ErrorFrame): error is ErrorFrame & { readonly retryAfter: number } {
  return error.temporary && error.retryAfter !== undefined && CODES.has(error.code);
}

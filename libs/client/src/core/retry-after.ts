/** One hour. A mistaken `retryAfter` of a month must not keep a page without data for a month. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Limits the `retryAfter` of a server to one hour. Returns milliseconds. */
export function limitRetryAfter(retryAfter: number): number {
  return Math.min(retryAfter, MAX_RETRY_AFTER_MS);
}

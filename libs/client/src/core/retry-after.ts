/** One hour. A mistaken `retryAfter` of a month must not keep a page without data for a month. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Returns the delay that a server asked for, in milliseconds, limited to one hour. */
export function limitRetryAfter(retryAfter: number): number {
  return Math.min(retryAfter, MAX_RETRY_AFTER_MS);
}

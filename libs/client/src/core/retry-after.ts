/** Milliseconds, one hour: a mistaken `retryAfter` of a month must not cost the page its data for a month. */
const LONGEST_RETRY_AFTER = 3_600_000;

/** What a server asked to wait, in milliseconds, as far as it is believed. */
export function believedRetryAfter(retryAfter: number): number {
  return Math.min(retryAfter, LONGEST_RETRY_AFTER);
}

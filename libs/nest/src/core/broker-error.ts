/**
 * - `unclaimed`: the claim one waited on was given back without an answer; claim again.
 * - `full`: no further action can be remembered at the moment; refuse it as `unavailable`.
 * - `share_full`: no further action of this caller can be remembered; refuse it as `too_many_requests`.
 * - `not_held`: settled or gave back what this node had not claimed.
 * - `no_answer`: the lease's holder failed to answer a request.
 * - `disposed`: the broker was shut down.
 * - `unavailable`: the broker's server cannot be reached.
 */
export type BrokerErrorCode =
  'unclaimed' | 'full' | 'share_full' | 'not_held' | 'no_answer' | 'disposed' | 'unavailable';

/** What every method of a `Broker` rejects with. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * - `not_json`: the value has no JSON text.
 * - `too_deep`: it nests deeper than clients accept.
 * - `has_source`: the topic's one writer is its observable source.
 */
export type PublishErrorCode = 'not_json' | 'too_deep' | 'has_source';

/** A publication that the application must write differently; the message says how. */
export class PublishError extends Error {
  override readonly name = 'PublishError';

  constructor(
    readonly code: PublishErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

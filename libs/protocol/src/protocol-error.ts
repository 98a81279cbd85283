import type { ErrorCode } from './error-code.js';
import type { ErrorFrame } from './frames.js';

/** The fields that relate an answer to its request. An answer repeats them. */
export type Correlation = Pick<ErrorFrame, 'id' | 'ref'>;

/** An invalid frame or body. The message contains no credentials and is safe to send to the client. */
export class ProtocolError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'ProtocolError';

  constructor(
    /** `too_large` if the frame or body is above a limit, else `bad_request`. */
    readonly code: Extract<ErrorCode, 'bad_request' | 'too_large'>,
    message: string,
    /** `id` and `ref` of the bad frame, if they are valid. */
    readonly correlation: Correlation = {},
  ) {
    super(message);
  }
}

import type { ErrorCode } from './error-code.js';
import type { ErrorFrame } from './frames.js';

/** What an error is about: echoed to whoever asked. */
export type Asked = Pick<ErrorFrame, 'id' | 'ref'>;

/** A frame or body that the protocol does not allow. The message may be shown to its sender: it holds no credentials. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code: Extract<ErrorCode, 'bad_request' | 'too_large'>,
    message: string,
    /** `id` and `ref` of the bad frame where they could be read. */
    readonly asked: Asked = {},
  ) {
    super(message);
  }
}

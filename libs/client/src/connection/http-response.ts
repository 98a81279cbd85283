import { parseServerFrame, type AckFrame, type ErrorFrame } from '@statewire/protocol';

import { limitRetryAfter } from '../core/retry-after.js';

/** A response to a request of the client. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** The token that the request presented. */
  readonly token: string | undefined;
  /** Milliseconds, from a `Retry-After` header in seconds. */
  readonly retryAfter: number | undefined;
}

/** Returns the `ack` or `error` frame in a body; undefined if there is none, because a proxy answered, for example. */
export function parseResponseFrame(text: string): AckFrame | ErrorFrame | undefined {
  try {
    const frame = parseServerFrame(text);
    if (frame?.type === 'error' && frame.retryAfter !== undefined) {
      return { ...frame, retryAfter: limitRetryAfter(frame.retryAfter) };
    }
    return frame?.type === 'ack' || frame?.type === 'error' ? frame : undefined;
  } catch {
    return undefined;
  }
}

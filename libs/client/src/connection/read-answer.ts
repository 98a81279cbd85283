import { parseServerFrame, type AckFrame, type ErrorFrame } from '@statewire/protocol';

import { believedRetryAfter } from '../core/retry-after.js';

/** @returns the `ack` or `error` in the body of an HTTP answer; undefined where something else answered, a proxy say. */
export function readAnswer(text: string): AckFrame | ErrorFrame | undefined {
  try {
    const frame = parseServerFrame(text);
    if (frame?.type === 'error' && frame.retryAfter !== undefined) {
      return { ...frame, retryAfter: believedRetryAfter(frame.retryAfter) };
    }
    return frame?.type === 'ack' || frame?.type === 'error' ? frame : undefined;
  } catch {
    return undefined;
  }
}

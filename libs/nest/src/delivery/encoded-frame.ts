import type { FrameKind } from '../core/counters.js';

/**
 * A frame that was encoded once, for everybody who gets it.
 */
export interface EncodedFrame {
  /** The JSON text, for HTTP answers and for sockets that are written to frame by frame. */
  readonly text: string;
  /** The same as one complete, unmasked WebSocket text message (RFC 6455 §5.2): header and payload in one buffer. */
  readonly message: Buffer;
  /** Bytes of `message`. Never forces the buffer to be made. */
  readonly size: number;
  /** What it is counted as. */
  readonly kind: FrameKind;
}

import type { FrameSocket } from '../delivery/outbox.js';

/** The socket of one connection. What arrives is told to the `Connection` by whoever made the socket. */
export interface ConnectionSocket {
  /** Where frames go out. */
  readonly frames: FrameSocket;
  /** Sends a close frame after everything that was written. */
  close(code: number, reason: string): void;
  /** Ends the socket at once. */
  terminate(): void;
  /** Stops reading, so that the sender feels back-pressure. */
  pause(): void;
  resume(): void;
}

import type { Batch } from './batch.js';

/** What an outbox writes to: a WebSocket, reduced to bytes that go out. */
export interface FrameSocket {
  /**
   * Writes complete messages, in one write where the socket can. Calls `written` when the operating system has taken
   * them all, or when they were lost with the connection.
   */
  write(batch: Batch, written: () => void): void;
  /** Bytes written but not yet taken by the operating system. */
  readonly bufferedAmount: number;
}

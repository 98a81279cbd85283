import type { DeltaCapability } from '@statewire/protocol';

import type { EncodedFrame } from './frame-encoder.js';

/** The frames of one topic that a lagging sink has not received yet. */
export interface TopicBacklog {
  /**
   * Returns the next frames in order, or none if the sink has caught up. Never returns more than the sink should queue
   * at once. Returns `'lost'` if the history no longer holds the next frame.
   */
  pull(): readonly EncodedFrame[] | 'lost';
}

/** Receives the frames of subscriptions. The outbox of each connection is one. */
export interface FrameSink {
  /** Optional delta operations that the reader applies. */
  readonly deltas: readonly DeltaCapability[];
  /** Queues a frame for the end of the tick, even if the reader lags. */
  send(frame: EncodedFrame): void;
  /**
   * Queues a live frame of a topic and returns true, unless the reader lags. For a lagging reader it returns false: the
   * topic remembers the position of the sink, and the sink pulls the missing frames from the backlog as it drains.
   */
  offer(frame: EncodedFrame, backlog: TopicBacklog): boolean;
  /**
   * Returns undefined if the reader does not lag. Otherwise returns a promise that resolves when the sink has drained;
   * call again then, because the reader may lag once more.
   */
  whenDrained(): Promise<void> | undefined;
}

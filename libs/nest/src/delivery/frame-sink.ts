import type { EncodedFrame } from './encoded-frame.js';

/** Pulls what a lagging outlet has not been sent of one topic. */
export interface TopicBacklog {
  /**
   * The next frames, in order; empty when the outlet has caught up. Never more than it makes sense to queue at once.
   * `'lost'` where the history no longer reaches back to where the outlet stands.
   */
  pull(): readonly EncodedFrame[] | 'lost';
}

/**
 * Where the frames of a subscription go: the outbox of one connection.
 *
 * `send` queues a frame for the end of the tick. `offer` does the same for live frames of a topic, unless the reader
 * lags: then it answers false, the topic remembers where this outlet stands, and the outlet pulls the rest from the
 * backlog as it drains.
 */
export interface FrameSink {
  send(frame: EncodedFrame): void;
  offer(frame: EncodedFrame, backlog: TopicBacklog): boolean;
  /** Resolves when the reader does not lag; undefined where it does not now. Look again after waiting. */
  room(): Promise<void> | undefined;
}

/**
 * A place in the history of one topic, and the only cursor there is: the same on WebSocket and on HTTP.
 *
 * A topic without publications is at offset 0; the first publication has offset 1 and each next one more.
 */
export interface Position {
  /** Names one unbroken history: `[A-Za-z0-9_-]{1,32}`, opaque. Offsets of different epochs cannot be compared. */
  readonly epoch: string;
  /** A safe integer ≥ 0. Never reused within an epoch. */
  readonly offset: number;
}

/** Where a subscription or a poll starts: a position, or `"oldest"` (event topics only: all that is kept). */
export type Since = Position | 'oldest';

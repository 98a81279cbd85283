/** What one direction of a connection is like. */
export interface LinkConditions {
  /** Milliseconds from one side to the other. 0: at once. */
  readonly latency: number;
  /** Up to so many milliseconds more, drawn for each parcel; the order is kept. 0: none. */
  readonly jitter: number;
  /** 0: as many as come. */
  readonly bytesPerSecond: number;
  /** Bytes arrive in pieces of this size at most, 1 for each on its own. 0: as they were sent. */
  readonly slice: number;
}

/** A network that nobody would complain about. */
export const IDEAL: LinkConditions = { latency: 0, jitter: 0, bytesPerSecond: 0, slice: 0 };

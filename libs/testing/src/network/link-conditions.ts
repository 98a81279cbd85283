/** The conditions of one direction of a connection. */
export interface LinkConditions {
  /** Milliseconds from one end to the other. 0: none. */
  readonly latency: number;
  /** Upper bound of a random delay on top of the latency, in milliseconds. Bytes stay in order. 0: none. */
  readonly jitter: number;
  /** Bandwidth. 0: no limit. */
  readonly bytesPerSecond: number;
  /** Largest piece in which bytes arrive. 0: as they were sent. */
  readonly slice: number;
}

/** Conditions without any delay or limit. */
export const IDEAL: LinkConditions = { latency: 0, jitter: 0, bytesPerSecond: 0, slice: 0 };

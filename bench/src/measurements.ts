/** One figure of one arm in one round. */
export interface Measurement {
  readonly arm: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** A run of which nothing counts. */
export interface Discarded {
  readonly arm: string;
  readonly metric: string;
  readonly reason: string;
}

export interface NotRun {
  readonly arm: string;
  readonly reason: string;
}

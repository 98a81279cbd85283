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

const EPOCH = /^[A-Za-z0-9_-]{1,32}$/;

export function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && EPOCH.test(value);
}

/** @returns whether the value is a safe integer ≥ 0. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, offset } = value as Partial<Position>;
  return isEpoch(epoch) && isOffset(offset);
}

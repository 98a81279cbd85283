/**
 * A place in the history of one topic. It is the only cursor of the protocol and is the same on WebSocket and on HTTP.
 *
 * A topic without publications is at offset 0. The first publication has offset 1, and the offset grows by one with
 * each publication.
 */
export interface Position {
  /** An opaque name of one unbroken history: `[A-Za-z0-9_-]{1,32}`. Offsets of different epochs are not comparable. */
  readonly epoch: string;
  /** A safe integer ≥ 0. Never reused within an epoch. */
  readonly offset: number;
}

/** The start of a subscription or poll: a position, or `"oldest"` for all events that the server keeps. */
export type Since = Position | 'oldest';

const EPOCH = /^[A-Za-z0-9_-]{1,32}$/;

/** Returns whether the value is an epoch: 1–32 of `[A-Za-z0-9_-]`. */
export function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && EPOCH.test(value);
}

/** Returns whether the value is an offset: a safe integer ≥ 0. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns whether the value is an object with a valid `epoch` and `offset`. It may have more fields. */
export function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, offset } = value as Partial<Position>;
  return isEpoch(epoch) && isOffset(offset);
}

import { eventTopic, stateTopic } from '@statewire/protocol';

/** Numbers without a gap. */
export const ticks = eventTopic<{ readonly n: number }>()('ticks');
/** The newest number, with the size of a small screen. */
export const board = stateTopic<{ readonly n: number; readonly rows: readonly string[] }>()('board');
/** Has a source, which runs on one node. */
export const clock = stateTopic<{ readonly at: number }>()('clock');

export const ROWS = Array.from({ length: 20 }, (_, index) => `A row of the board with the number ${index}.`);
/** A node asks its clients to leave within this time when it ends. */
export const DRAIN_MS = 2_000;

/** A node of a rolling restart. */
export interface RollingRole {
  port(): number;
  /** Publishes the number to both topics. */
  publish(n: number): Promise<void>;
}

import { eventTopic, stateTopic } from '@statewire/protocol';

/** Numbers without a gap. */
export const ticks = eventTopic<{ readonly n: number }>()('ticks');
/** The newest number, in a value whose patch is shorter than the whole. */
export const board = stateTopic<{ readonly n: number; readonly rows: readonly string[] }>()('board');

export const ROWS = Array.from({ length: 20 }, (_, index) => `The row ${index} of the board.`);
/** Has a source, which runs on one node. */
export const clock = stateTopic<{ readonly at: number }>()('clock');

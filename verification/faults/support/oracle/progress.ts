import type { Position } from '@statewire/protocol';

/** Tracks the position of one reader of one topic, and checks that it never goes back. */
export class Progress {
  last: Position | undefined;
  readonly #epochs = new Set<string>();

  /** Returns the fault of a move to the position; undefined if there is none. */
  advance(to: Position): string | undefined {
    const from = this.last;
    this.last = to;
    if (from?.epoch === to.epoch) return to.offset < from.offset ? `goes back from ${from.offset}` : undefined;
    const isOld = this.#epochs.has(to.epoch);
    this.#epochs.add(to.epoch);
    return isOld ? 'returns to an epoch that was over' : undefined;
  }
}

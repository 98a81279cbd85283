import type { Position } from '@statewire/protocol';

/** Where one reader of one topic is, and that it never goes back. */
export class Progress {
  last: Position | undefined;
  readonly #epochs = new Set<string>();

  /** What is wrong with going there; undefined where nothing is. */
  advance(to: Position): string | undefined {
    const from = this.last;
    this.last = to;
    if (from?.epoch === to.epoch) return to.offset < from.offset ? `goes back from ${from.offset}` : undefined;
    const isOld = this.#epochs.has(to.epoch);
    this.#epochs.add(to.epoch);
    return isOld ? 'returns to an epoch that was over' : undefined;
  }
}

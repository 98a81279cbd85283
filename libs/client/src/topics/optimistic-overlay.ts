import type { Json, Position } from '@statewire/protocol';

import { applyUpdate } from './optimistic-update.js';

export type Update = (value: Json) => Json;

/** One update of one action, from when it is shown until it is dropped. */
export interface PendingUpdate {
  readonly update: Update;
  /** Of the topic when it was made; undefined where nothing was known of it. */
  readonly epoch: string | undefined;
  /** Called once, when it is dropped. */
  readonly onDropped: () => void;
  /** Where its effect is, once the server told. */
  effect: Position | undefined;
}

/**
 * What is shown of a topic while actions are unanswered: its true value with their updates on top, in the order in which
 * they were made. The true value is never changed.
 */
export class OptimisticOverlay {
  /** A new list with each change. */
  private pending: readonly PendingUpdate[] = [];
  private last: { readonly base: Json; readonly pending: readonly PendingUpdate[]; readonly shown: Json } | undefined;

  constructor(
    /** Told what an update threw. */
    private readonly report: (error: unknown) => void,
  ) {}

  get size(): number {
    return this.pending.length;
  }

  add(update: PendingUpdate): void {
    this.pending = [...this.pending, update];
  }

  /** @returns whether it was still shown. */
  drop(update: PendingUpdate): boolean {
    return this.dropAll((pending) => pending === update);
  }

  /** The topic stands at `position` now: updates whose effect is in its value, or never will be, are dropped. */
  reach(position: Position): void {
    this.dropAll(({ effect, epoch }) => effect !== undefined && isOver(effect, position, epoch));
  }

  clear(): void {
    this.dropAll(() => true);
  }

  /** @returns what to show; the same object for the same value and updates. */
  over(base: Json | undefined): Json | undefined {
    if (base === undefined || this.pending.length === 0) {
      this.last = undefined;
      return base;
    }
    if (this.last?.base === base && this.last.pending === this.pending) return this.last.shown;
    let shown = base;
    for (const pending of this.pending) {
      try {
        shown = applyUpdate(pending.update, shown);
      } catch (error) {
        this.drop(pending);
        this.report(error);
      }
    }
    this.last = { base, pending: this.pending, shown };
    return shown;
  }

  private dropAll(isDropped: (update: PendingUpdate) => boolean): boolean {
    const dropped = this.pending.filter(isDropped);
    if (dropped.length > 0) this.pending = this.pending.filter((update) => !dropped.includes(update));
    for (const { onDropped } of dropped) onDropped();
    return dropped.length > 0;
  }
}

/**
 * Whether a value at `position` makes an update with this effect pointless. In another epoch than the effect's it does,
 * for its value was taken whole; unless the topic has not left the epoch in which the update was made, and what
 * leads to the effect's is still on its way.
 */
function isOver(effect: Position, position: Position, epoch: string | undefined): boolean {
  return position.epoch === effect.epoch ? position.offset >= effect.offset : position.epoch !== epoch;
}

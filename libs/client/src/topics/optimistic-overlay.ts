import type { Json, Position } from '@statewire/protocol';

import { applyUpdate } from './optimistic-update.js';

export type Update = (value: Json) => Json;

/** The update that one action makes to one topic. */
export interface PendingUpdate {
  readonly update: Update;
  /** Epoch of the topic when the application acted; undefined if the topic had no value. */
  readonly epoch: string | undefined;
  /** Called once, when the overlay drops the update. */
  readonly onDropped: () => void;
  /** Position of the action's effect, once the server has acknowledged the action. */
  effect: Position | undefined;
}

/**
 * Lays the optimistic updates of unanswered actions over the confirmed value of a topic, in the order of the actions.
 * It never changes the confirmed value.
 */
export class OptimisticOverlay {
  readonly #reportError: (error: unknown) => void;
  readonly #topic: string;

  /** Replaced at each change, so that a comparison of identities detects a change. */
  #pending: readonly PendingUpdate[] = [];
  #last: { readonly base: Json; readonly pending: readonly PendingUpdate[]; readonly shown: Json } | undefined;

  constructor(reportError: (error: unknown) => void, topic: string) {
    this.#reportError = reportError;
    this.#topic = topic;
  }

  get size(): number {
    return this.#pending.length;
  }

  add(update: PendingUpdate): void {
    this.#pending = [...this.#pending, update];
  }

  /** Drops the update if it is still pending. */
  drop(update: PendingUpdate): void {
    this.#dropAll((pending) => pending === update);
  }

  /** Drops the updates that a confirmed value at `position` contains or makes pointless. */
  dropUntil(position: Position): void {
    this.#dropAll(({ effect, epoch }) => effect !== undefined && isCovered(effect, position, epoch));
  }

  clear(): void {
    this.#dropAll(() => true);
  }

  /**
   * Returns the value to show: `base` with the updates on top. The same base and updates give the same object. An
   * update that throws is dropped and reported.
   */
  applyTo(base: Json | undefined): Json | undefined {
    if (base === undefined || this.#pending.length === 0) {
      this.#last = undefined;
      return base;
    }
    if (this.#last?.base === base && this.#last.pending === this.#pending) return this.#last.shown;
    let shown = base;
    for (const pending of this.#pending) {
      try {
        shown = applyUpdate(pending.update, shown, this.#topic);
      } catch (error) {
        this.drop(pending);
        this.#reportError(error);
      }
    }
    this.#last = { base, pending: this.#pending, shown };
    return shown;
  }

  #dropAll(isDropped: (update: PendingUpdate) => boolean): void {
    const dropped = this.#pending.filter(isDropped);
    if (dropped.length > 0) this.#pending = this.#pending.filter((update) => !dropped.includes(update));
    for (const { onDropped } of dropped) onDropped();
  }
}

/**
 * Tells whether a value at `position` makes an update with this effect pointless. Within the epoch of the effect the
 * offset decides. A value of another epoch came as a whole snapshot, which covers the update, unless the topic is still
 * in the `epoch` in which the application acted: then the effect is yet to arrive.
 */
function isCovered(effect: Position, position: Position, epoch: string | undefined): boolean {
  return position.epoch === effect.epoch ? position.offset >= effect.offset : position.epoch !== epoch;
}

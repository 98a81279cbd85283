import type { Since, TopicKind } from '@statewire/protocol';

import type { RealtimeClientError } from '../core/realtime-client-error.js';
import type { Freshness } from './topic-state.js';

export const LIVE: Freshness = { state: 'live' };
export const CATCHING_UP: Freshness = { state: 'catching-up' };

/** The content of one topic, from any transport. */
export abstract class TopicStore {
  abstract readonly kind: TopicKind;

  /** Where the next catch-up starts; undefined before the first answer. */
  abstract readonly cursor: Since | undefined;

  #currentFreshness = CATCHING_UP;
  #currentError: RealtimeClientError | undefined;
  /** The temporary error of a topic that the client requests again by itself. */
  protected delay: RealtimeClientError | undefined;

  get freshness(): Freshness {
    return this.#currentFreshness;
  }

  /** Why the client does not follow the topic. Undefined while it does, also if it has to try again. */
  get error(): RealtimeClientError | undefined {
    return this.#currentError;
  }

  /** Changes the freshness and notifies the observers if it differs. */
  setFreshness(freshness: Freshness): void {
    if (freshness.state === this.#currentFreshness.state) return;
    // A topic without an answer has no value that could be out of date.
    if (freshness.state === 'stale' && this.cursor === undefined) return;
    this.updateFreshness(freshness);
    this.emit();
  }

  /** Shows a temporary error until the topic is current again or catches up. */
  defer(error: RealtimeClientError, staleSince: number): void {
    const { delay } = this;
    if (delay?.code === error.code && delay.message === error.message) return;
    this.delay = error;
    if (this.#currentFreshness.state !== 'stale') this.updateFreshness({ state: 'stale', staleSince });
    this.emit();
  }

  /** Ends the topic with an error. `dropValue` drops its value too, because the application may no longer see it. */
  fail(error: RealtimeClientError, now: number, dropValue: boolean): void {
    this.#currentError = error;
    this.delay = undefined;
    this.updateFreshness({ state: 'stale', staleSince: now });
    if (dropValue) this.reset();
    this.emit();
  }

  /** Drops the value, because another user may look at the application now. */
  withdraw(freshness: Freshness): void {
    this.reset();
    this.updateFreshness(freshness);
    this.emit();
  }

  /** Clears the error, because the client requests the topic again. */
  recover(): void {
    this.#currentError = undefined;
    this.updateFreshness(CATCHING_UP);
    this.emit();
  }

  abstract close(): void;

  /** Drops value and position without a notification of the observers. */
  abstract reset(): void;

  /** Changes the freshness; the observers see it with the next {@link emit}. */
  protected updateFreshness(freshness: Freshness): void {
    this.#currentFreshness = freshness;
    if (freshness.state !== 'stale') this.delay = undefined;
  }

  protected abstract emit(): void;
}

import type { Since, TopicKind } from '@statewire/protocol';

import type { RealtimeClientError } from '../core/realtime-client-error.js';
import type { Freshness } from './topic-state.js';

export const LIVE: Freshness = { state: 'live' };
export const CATCHING_UP: Freshness = { state: 'catching-up' };

/** What one topic has come to, whichever transport brought it. */
export abstract class TopicStore {
  abstract readonly kind: TopicKind;

  /** Where the next catch-up starts; undefined before the first answer. */
  abstract readonly cursor: Since | undefined;

  private currentFreshness = CATCHING_UP;
  private currentError: RealtimeClientError | undefined;

  get freshness(): Freshness {
    return this.currentFreshness;
  }

  get error(): RealtimeClientError | undefined {
    return this.currentError;
  }

  /** Takes effect for observers with the next {@link emit}. */
  protected touch(freshness: Freshness): void {
    this.currentFreshness = freshness;
  }

  freshen(freshness: Freshness): void {
    if (freshness.state === this.currentFreshness.state) return;
    // What was never known cannot be out of date.
    if (freshness.state === 'stale' && this.cursor === undefined) return;
    this.touch(freshness);
    this.emit();
  }

  /** The topic cannot be followed. `forget` drops its value as well: the right to see it is gone. */
  fail(error: RealtimeClientError, now: number, forget: boolean): void {
    this.currentError = error;
    this.touch({ state: 'stale', since: now });
    if (forget) this.forget();
    this.emit();
  }

  /** What is known must not be shown any longer. */
  withdraw(freshness: Freshness): void {
    this.forget();
    this.touch(freshness);
    this.emit();
  }

  /** It is asked for once more. */
  recover(): void {
    this.currentError = undefined;
    this.touch(CATCHING_UP);
    this.emit();
  }

  abstract close(): void;
  abstract forget(): void;
  protected abstract emit(): void;
}

import { inject, Injectable, NgZone, untracked, type WritableSignal } from '@angular/core';
import { Observable } from 'rxjs';

import { PACE } from './pace.js';

/**
 * The border between the client and Angular. The client, its sockets and its timers live outside the Angular zone.
 * What it says reaches the application in batches, so that change detection runs per frame and never per message:
 * signals are set outside the zone (only a template that reads one is checked), observers are called inside it.
 */
@Injectable({ providedIn: 'root' })
export class Updates {
  readonly #zone = inject(NgZone);
  readonly #pace = inject(PACE);
  readonly #values = new Map<WritableSignal<unknown>, unknown>();
  #notifications: (() => void)[] = [];
  #scheduled = false;

  /** Runs what may open sockets or start timers of the client. */
  outside<R>(callback: () => R): R {
    return untracked(() => this.#zone.runOutsideAngular(callback));
  }

  /** Keeps the signal at the newest value; what is replayed on subscribing is set at once. Returns what ends it. */
  follow<T>(source: Observable<T>, target: WritableSignal<T>): () => void {
    let replaying = true;
    const subscription = this.outside(() =>
      source.subscribe((value) => {
        if (replaying) target.set(value);
        else this.#set(target, value);
      }),
    );
    replaying = false;
    return () => {
      this.#values.delete(target);
      this.outside(() => subscription.unsubscribe());
    };
  }

  /** The same observable for the application; what is replayed on subscribing is delivered at once. */
  observe<T>(source: Observable<T>): Observable<T> {
    return new Observable<T>((subscriber) => {
      const replayed: (() => void)[] = [];
      let notify = (notification: () => void): void => void replayed.push(notification);
      const subscription = this.outside(() =>
        source.subscribe({
          next: (value) => notify(() => subscriber.next(value)),
          error: (error: unknown) => notify(() => subscriber.error(error)),
          complete: () => notify(() => subscriber.complete()),
        }),
      );
      notify = (notification) => this.#notify(notification);
      for (const notification of replayed) notification();
      return () => this.outside(() => subscription.unsubscribe());
    });
  }

  #set<T>(target: WritableSignal<T>, value: T): void {
    this.#values.set(target, value);
    this.#schedule();
  }

  #notify(notification: () => void): void {
    this.#notifications.push(notification);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.outside(() => this.#pace(() => this.#deliver()));
  }

  #deliver(): void {
    this.#scheduled = false;
    const values = [...this.#values];
    const notifications = this.#notifications;
    this.#values.clear();
    this.#notifications = [];
    for (const [target, value] of values) target.set(value);
    if (notifications.length > 0) {
      this.#zone.run(() => {
        for (const notification of notifications) notification();
      });
    }
  }
}

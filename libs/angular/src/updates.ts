import { inject, Injectable, NgZone, untracked, type WritableSignal } from '@angular/core';
import { Observable } from 'rxjs';

import { PACE } from './pace.js';

/**
 * Passes values from the client to Angular in batches, so that change detection runs once per frame and not once per
 * message. The client, its sockets and its timers run outside the Angular zone. Signals are set outside the zone, so
 * that Angular checks only the templates that read them. Observers are called inside the zone.
 */
@Injectable({ providedIn: 'root' })
export class Updates {
  readonly #zone = inject(NgZone);
  readonly #pace = inject(PACE);
  readonly #values = new Map<WritableSignal<unknown>, unknown>();
  #notifications: (() => void)[] = [];
  #scheduled = false;

  /** Calls a function that may open sockets or start timers outside the Angular zone. */
  outside<R>(callback: () => R): R {
    return untracked(() => this.#zone.runOutsideAngular(callback));
  }

  /**
   * Sets the signal to each new value. Sets a value that the source emits during the subscription at once.
   *
   * @returns a function that ends it.
   */
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

  /**
   * Returns the observable for the application. Passes on a value that the source emits during the subscription at
   * once.
   */
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

import { DestroyRef, ErrorHandler, inject, Injectable, NgZone } from '@angular/core';
import { Observable, type Observer, type OperatorFunction, type Subscription } from 'rxjs';

import { Updates } from './updates.js';

type Report = (error: unknown) => void;

/** Passes the errors of actions that nobody handles to Angular's `ErrorHandler`. */
@Injectable({ providedIn: 'root' })
export class ActionErrors {
  readonly #updates = inject(Updates);
  readonly #errors = inject(ErrorHandler);
  readonly #zone = inject(NgZone);
  readonly #destroyRef = inject(DestroyRef);

  /** Calls the `ErrorHandler`, unless the application is destroyed. */
  readonly report: Report = (error) => {
    if (!this.#destroyRef.destroyed) this.#zone.run(() => this.#errors.handleError(error));
  };

  /**
   * Returns the result of an action for the application. Reports its error if there is no subscriber at that moment, or
   * if the subscriber has no error callback.
   */
  watch<T>(result: Observable<T>): Observable<T> {
    const observed = this.#updates.observe(result);
    let subscribers = 0;
    let subscriptions = 0;
    const counted = new Observable<T>((subscriber) => {
      subscribers++;
      subscriptions++;
      subscriber.add(() => void subscribers--);
      return observed.subscribe(subscriber);
    });
    const reportWithoutSubscriber = (error: unknown): void => {
      const before = subscriptions;
      if (subscribers > 0) return;
      // An action that fails at once has an error before its caller can subscribe.
      queueMicrotask(() => {
        if (subscriptions === before) this.report(error);
      });
    };
    this.#updates.outside(() => result.subscribe({ error: reportWithoutSubscriber }));
    return new ReportingObservable(counted, this.report);
  }
}

/** Emits what `result$` emits. Reports the error if the observer, of this or of a piped observable, has no error callback. */
class ReportingObservable<T> extends Observable<T> {
  readonly #report: Report;

  constructor(result$: Observable<T>, report: Report) {
    super((subscriber) => result$.subscribe(subscriber));
    this.#report = report;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const isObserver = typeof observerOrNext === 'object' && observerOrNext !== null;
    if (isObserver && observerOrNext.error !== undefined) return super.subscribe(observerOrNext);
    const observer = isObserver ? observerOrNext : { next: observerOrNext, complete };
    return super.subscribe({
      next: (value) => observer.next?.(value),
      error: error ?? this.#report,
      complete: () => observer.complete?.(),
    });
  }

  override pipe(...operators: OperatorFunction<never, never>[]): Observable<never> {
    const piped = operators.reduce<Observable<never>>(
      (result$, operator) => operator(result$),
      this as unknown as Observable<never>,
    );
    return new ReportingObservable(piped, this.#report);
  }
}

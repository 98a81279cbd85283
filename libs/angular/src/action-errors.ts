import { DestroyRef, ErrorHandler, inject, Injectable, NgZone } from '@angular/core';
import { RealtimeClientError } from '@statewire/client';
import { Observable, type Observer, type OperatorFunction, type Subscription } from 'rxjs';

import { Updates } from './updates.js';

type Report = (error: unknown) => void;

/** Passes the errors of actions that nobody handles to Angular's `ErrorHandler`, with the name of the action. */
@Injectable({ providedIn: 'root' })
export class ActionErrors {
  readonly #updates = inject(Updates);
  readonly #errors = inject(ErrorHandler);
  readonly #zone = inject(NgZone);
  readonly #destroyRef = inject(DestroyRef);

  /** Calls the `ErrorHandler`, unless the application is destroyed. */
  report(action: string, error: unknown): void {
    if (this.#destroyRef.destroyed) return;
    this.#zone.run(() => this.#errors.handleError(named(action, error)));
  }

  /**
   * Returns the result of an action for the application. Reports its error if the subscriber has no error callback. The
   * client reports the error of an action without a subscriber.
   */
  watch<T>(action: string, result: Observable<T>): Observable<T> {
    return new ReportingObservable(this.#updates.observe(result), (error) => this.report(action, error));
  }
}

/** Names the action in the message, because the message of the server may not. */
function named(action: string, error: unknown): unknown {
  if (!(error instanceof RealtimeClientError)) return error;
  const { code, message, details, temporary } = error;
  return new RealtimeClientError(code, `The action "${action}" failed (${code}). ${message}`, details, temporary);
}

/**
 * Emits what `result$` emits. Reports the error if the observer, of this or of a piped observable, has no error
 * callback.
 */
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

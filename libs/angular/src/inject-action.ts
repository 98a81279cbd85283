import { computed, DestroyRef, inject, signal, untracked, type Signal } from '@angular/core';
import type { ActOptions, AnyActOptions, MultiTopicActOptions, RealtimeClientError } from '@statewire/client';
import type { Action } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { ActionErrors } from './action-errors.js';
import { createInInjector, type InjectorOption } from './injector-option.js';
import { injectOfClient, type ClientOption } from './named-client.js';
import { RealtimeService } from './realtime.service.js';

/** Options of `injectAction()`. */
export type InjectActionOptions = InjectorOption & ClientOption;

/** How a run ended: with a result, or with an error. */
export type ActionOutcome<R> =
  | { readonly result: R; readonly error: undefined }
  | { readonly result: undefined; readonly error: RealtimeClientError };

/** An action with the state of its newest run. `injectAction()` creates it. */
export interface ActionRef<D, R> {
  /**
   * Sends the action at once. A run does not wait for earlier ones: each of them is an action of its own, and the
   * server receives them in this order.
   *
   * @param options are those of `RealtimeService.act()`.
   * @returns the outcome of this run. The promise never rejects.
   */
  run<Values extends readonly unknown[] | []>(
    data: D,
    options: MultiTopicActOptions<Values>,
  ): Promise<ActionOutcome<R>>;
  /** Sends the action, with an optimistic update of one topic or without one. */
  run<T = never>(data: D, options?: ActOptions<T>): Promise<ActionOutcome<R>>;
  /** Whether any run is unanswered. */
  readonly pending: Signal<boolean>;
  /** The error of the newest run; undefined while the run is unanswered, and if it succeeded. */
  readonly error: Signal<RealtimeClientError | undefined>;
  /** The result of the newest run; undefined while the run is unanswered, and if it failed. */
  readonly result: Signal<R | undefined>;
}

/**
 * Creates an action for a component, with the state of its runs as signals.
 *
 * An error of the newest run counts as handled, because `error()` shows it. An error of an older run goes to Angular's
 * `ErrorHandler`, because `error()` does not show it. When the injection context is destroyed, unanswered runs go on
 * and their promises resolve; an error then goes to the `ErrorHandler` too.
 *
 * @throws Error outside an injection context without the option `injector`.
 * @example
 * readonly pause = injectAction(pause);
 * // template: <button (click)="pause.run({ battleId: id() })" [disabled]="pause.pending()">Pause</button>
 * //           @if (pause.error(); as error) { <p role="alert">{{ error.message }}</p> }
 */
export function injectAction<D, R>(action: Action<D, R>, options: InjectActionOptions = {}): ActionRef<D, R> {
  return createInInjector(injectAction, options, () => {
    const realtime = injectOfClient(RealtimeService, options.client);
    const errors = inject(ActionErrors);
    const context = inject(DestroyRef);
    const unanswered = signal(0);
    const outcome = signal<ActionOutcome<R> | undefined>(undefined);
    let runs = 0;

    const follow = (result$: Observable<R>): Promise<ActionOutcome<R>> => {
      const number = ++runs;
      outcome.set(undefined);
      unanswered.update((count) => count + 1);
      return new Promise((resolve) => {
        const finish = (finished: ActionOutcome<R>): void => {
          if (number === runs) outcome.set(finished);
          unanswered.update((count) => count - 1);
          resolve(finished);
        };
        result$.subscribe({
          next: (result) => finish({ result, error: undefined }),
          error: (error: RealtimeClientError) => {
            finish({ result: undefined, error });
            if (context.destroyed || number !== runs) errors.report(action.name, error);
          },
        });
      });
    };

    return {
      run: (data: D, options?: AnyActOptions) =>
        untracked(() => follow(realtime.act(action, data, options as ActOptions))),
      pending: computed(() => unanswered() > 0),
      error: computed(() => outcome()?.error),
      result: computed(() => outcome()?.result),
    };
  });
}

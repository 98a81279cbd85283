import { AsyncLocalStorage } from 'node:async_hooks';

import { isObservable, lastValueFrom, Subject, takeUntil } from 'rxjs';

import { RealtimeError } from '../core/errors.js';

const scopes = new AsyncLocalStorage<ActionScope>();

/**
 * One run of an action, from its guards to its answer. Knows whether the handler started, which decides whether the
 * answer is remembered; Nest's pipeline in between does not say.
 */
export class ActionScope {
  private readonly ended = new Subject<void>();
  private over = false;
  private begun = false;

  get started(): boolean {
    return this.begun;
  }

  /** Calls the handler inside the current scope. An observable is awaited to its last value, for as long as somebody waits. */
  static async start(handler: () => unknown): Promise<unknown> {
    const scope = scopes.getStore();
    if (!scope || scope.over) throw new RealtimeError('timeout', 'The handler did not start in time.');
    scope.begun = true;
    const result = handler();
    if (!isObservable(result)) return result;
    return lastValueFrom(result.pipe(takeUntil(scope.ended)), { defaultValue: undefined });
  }

  run<T>(work: () => T): T {
    return scopes.run(this, work);
  }

  /** After it a handler that has not started never will, and nobody listens to its observable any more. */
  end(): void {
    this.over = true;
    this.ended.next();
    this.ended.complete();
  }
}

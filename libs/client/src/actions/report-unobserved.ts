import { Observable } from 'rxjs';

import type { ClientEnvironment } from '../core/environment.js';
import { RealtimeClientError } from '../core/realtime-client-error.js';

/**
 * Returns the result of an action for the application, and reports its error if there is no subscriber at that moment. The
 * reported message names the action.
 */
export function reportUnobserved<T>(
  name: string,
  result$: Observable<T>,
  report: (error: unknown) => void,
  { queueMicrotask = globalThis.queueMicrotask }: ClientEnvironment,
): Observable<T> {
  let subscribers = 0;
  let subscriptions = 0;
  result$.subscribe({
    error: (error: RealtimeClientError) => {
      const before = subscriptions;
      if (subscribers > 0) return;
      // An action that fails at once has an error before its caller can subscribe.
      queueMicrotask(() => subscriptions === before && report(unhandledError(name, error)));
    },
  });
  return new Observable((subscriber) => {
    subscribers++;
    subscriptions++;
    subscriber.add(() => void subscribers--);
    return result$.subscribe(subscriber);
  });
}

/** Returns the error of an action for a log, where nothing else names the action. */
export function unhandledError(
  name: string,
  { code, message, details, temporary }: RealtimeClientError,
): RealtimeClientError {
  return new RealtimeClientError(code, `The action "${name}" failed (${code}). ${message}`, details, temporary);
}

import { retry, type MonoTypeOperatorFunction, type ObservableInput } from 'rxjs';

/**
 * Subscribes again after every failure, when what `before` returns emits; an error from there ends it.
 *
 * This is `retry({ delay })`, the successor of the deprecated `retryWhen`: the notifier is made anew for each failure,
 * so it can depend on the cause.
 */
export function keepTrying<T, F>(before: (failure: F) => ObservableInput<unknown>): MonoTypeOperatorFunction<T> {
  return retry<T>({ delay: (failure: F) => before(failure) });
}

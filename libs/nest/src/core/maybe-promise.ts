/** A value, or the promise of one that is not there yet. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Returns whether a value is a promise, or another object with a method `then`. Code that need not wait for a value goes
 * on at once, because an `await` costs several promises and a turn of the microtask queue.
 */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** A promise for work that has started. Virtual time passes for it from the moment that a test awaits it. */
export class VirtualTimePromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'VirtualTimePromise';
  private waiting: Promise<T> | undefined;

  /** @param wait lets time pass until the work settles. */
  constructor(
    private readonly work: Promise<T>,
    private readonly wait: (work: Promise<T>) => Promise<T>,
  ) {
    // Without this, work that no test awaits would end the process when it fails.
    work.catch(() => undefined);
  }

  then<R = T, F = never>(
    onResult?: ((value: T) => R | PromiseLike<R>) | null,
    onError?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    this.waiting ??= this.wait(this.work);
    return this.waiting.then(onResult, onError);
  }

  catch<F = never>(onError?: ((error: unknown) => F | PromiseLike<F>) | null): Promise<T | F> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }
}

/** Something under way, for which time passes as soon as somebody awaits it, and not before. */
export class Awaited<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'Awaited';
  private waiting: Promise<T> | undefined;

  /** @param pass lets time pass until the work settles. */
  constructor(
    private readonly work: Promise<T>,
    private readonly pass: (work: Promise<T>) => Promise<T>,
  ) {
    // Whoever does not await it does not want to know.
    work.catch(() => undefined);
  }

  then<R = T, F = never>(
    onResult?: ((value: T) => R | PromiseLike<R>) | null,
    onError?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    this.waiting ??= this.pass(this.work);
    return this.waiting.then(onResult, onError);
  }

  catch<F = never>(onError?: ((error: unknown) => F | PromiseLike<F>) | null): Promise<T | F> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }
}

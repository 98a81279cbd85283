import { Observable, type Observer, type MonoTypeOperatorFunction, Subscriber, type Subscription } from 'rxjs';

type Report = (error: unknown) => void;
type Handlers<T> = Partial<Observer<T>> | ((value: T) => void) | null;

/**
 * Reports errors that its subscribers throw or do not handle. RxJS throws both from a timer, where they end the
 * process. An observable made from it with `pipe` is guarded too.
 */
export class GuardedObservable<T> extends Observable<T> {
  constructor(
    stream: Observable<T>,
    private readonly report: Report,
  ) {
    super((subscriber) => stream.subscribe(subscriber));
  }

  // One signature instead of RxJS's many: callers get this class as an `Observable`.
  override pipe(...operators: never[]): Observable<never> {
    const piped = (operators as readonly MonoTypeOperatorFunction<unknown>[]).reduce<Observable<unknown>>(
      (stream, operator) => operator(stream),
      this,
    );
    return new GuardedObservable(piped as Observable<never>, this.report);
  }

  override subscribe(
    handlers?: Handlers<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The subscriber of an operator passes errors on to the subscriber at the end.
    if (handlers instanceof Subscriber) return super.subscribe(handlers);
    const given = typeof handlers === 'object' ? handlers : { next: handlers, error, complete };
    return super.subscribe({
      next: (value) => this.guard(() => given?.next?.(value)),
      error: (thrown: unknown) => (given?.error ? this.guard(() => given.error?.(thrown)) : this.report(thrown)),
      complete: () => this.guard(() => given?.complete?.()),
    });
  }

  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.report(error);
    }
  }
}

import type { Broker, Claim, Lease, Release } from '@statewire/nest';
import type { VirtualEnvironment } from '@statewire/testing';

/** Virtual milliseconds in which every call that does not wait for others is answered. */
const ROUND_TRIPS_MS = 50;

/** Returns a broker whose promises let virtual time pass while a test awaits them. */
export function onVirtualTime(broker: Broker, environment: VirtualEnvironment): Broker {
  const awaited = <T>(work: Promise<T>): Promise<T> => new AwaitedPromise(work, environment);
  const settled = (work: Promise<void> | undefined): Promise<void> => awaited(Promise.resolve(work));
  /** Calls that may take for ever. */
  const waited = <T>(work: Promise<T>): Promise<T> => new AwaitedPromise(work, environment, ROUND_TRIPS_MS);
  const release = (work: Promise<Release>): Promise<Release> => awaited(work.then((end) => () => awaited(end())));
  const lease = (work: Promise<Lease | undefined>): Promise<Lease | undefined> =>
    work.then((held) => held && { ...held, lost: waited(held.lost), release: () => awaited(held.release()) });
  const claim = (given: Claim): Claim =>
    given.outcome === 'running' ? { ...given, answer: awaited(given.answer) } : given;
  return {
    name: broker.name,
    isShared: broker.isShared,
    status: broker.status,
    publish: (...given) => awaited(broker.publish(...given)),
    listen: (...given) => release(broker.listen(...given)),
    read: (...given) => awaited(broker.read(...given)),
    replaceEpoch: (...given) => awaited(broker.replaceEpoch(...given)),
    close: (...given) => awaited(broker.close(...given)),
    claim: (...given) => awaited(Promise.resolve(broker.claim(...given)).then(claim)),
    settle: (...given) => settled(broker.settle(...given)),
    unclaim: (...given) => settled(broker.unclaim(...given)),
    forget: (...given) => settled(broker.forget(...given)),
    lease: (name, options) => {
      const work = lease(broker.lease(name, options));
      return options?.signal === undefined ? awaited(work) : waited(work);
    },
    request: (...given) => awaited(broker.request(...given)),
    onRequest: (...given) => broker.onRequest(...given),
    join: (...given) => awaited(broker.join(...given)),
    leave: (...given) => awaited(broker.leave(...given)),
    members: (...given) => awaited(broker.members(...given)),
    dispose: () => awaited(broker.dispose()),
  };
}

/** Time passes for it from the moment that a test awaits it. */
class AwaitedPromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'AwaitedPromise';
  private isSettled = false;

  /** @param limit milliseconds for which time passes. Default: until the promise settles. */
  constructor(
    private readonly work: Promise<T>,
    private readonly environment: VirtualEnvironment,
    private readonly limit?: number,
  ) {
    const settle = (): void => void (this.isSettled = true);
    work.then(settle, settle);
  }

  then<R = T, F = never>(
    onResult?: ((value: T) => R | PromiseLike<R>) | null,
    onError?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    const { environment, limit } = this;
    const end = environment.monotonic() + (limit ?? 0);
    const passing = environment.until(
      () => this.isSettled || (limit !== undefined && environment.monotonic() >= end),
      limit,
    );
    return passing.then(() => this.work).then(onResult, onError);
  }

  catch<F = never>(onError?: ((error: unknown) => F | PromiseLike<F>) | null): Promise<T | F> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }
}

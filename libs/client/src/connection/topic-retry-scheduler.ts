import type { Timer } from '../core/environment.js';
import { limitRetryAfter } from '../core/retry-after.js';
import { toClientError } from '../core/realtime-client-error.js';
import type { Emit, TopicDeferredEvent, TopicRetryDueEvent } from '../session/client-event.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { ClientServices } from './client-services.js';

/** Defers topics after a temporary error, and reports when to request them again. */
export class TopicRetryScheduler {
  readonly #services: ClientServices;
  readonly #emit: Emit<TopicRetryDueEvent>;

  readonly #timers = new Map<TopicEntry, Timer>();

  constructor(services: ClientServices, emit: Emit<TopicRetryDueEvent>) {
    this.#services = services;
    this.#emit = emit;
  }

  /** Defers a topic for the `retryAfter` of the server, or for the backoff of the topic. */
  defer({ entry, error }: TopicDeferredEvent): void {
    const { environment, options, registry } = this.#services;
    const { serverMs, maxMs } = options.backoff;
    const backoff = Math.min(maxMs, serverMs * 2 ** entry.failures);
    entry.failures += 1;
    entry.isDeferred = true;
    const now = environment.now();
    if (error) entry.store.defer(toClientError(error), now);
    else entry.store.setFreshness({ state: 'stale', staleSince: now });
    const retry = () => {
      this.#timers.delete(entry);
      entry.isDeferred = false;
      const isStillNeeded = registry.get(entry.name) === entry && entry.subscription === undefined;
      if (isStillNeeded) this.#emit({ type: 'topic-retry-due', entry });
    };
    this.#timers.get(entry)?.cancel();
    const delay = error?.retryAfter === undefined ? backoff : limitRetryAfter(error.retryAfter);
    this.#timers.set(entry, environment.setTimer(retry, delay + environment.random() * backoff));
  }

  stop(): void {
    for (const [entry, timer] of this.#timers) {
      timer.cancel();
      entry.isDeferred = false;
    }
    this.#timers.clear();
  }
}

import type { Timer } from '../core/environment.js';
import { limitRetryAfter } from '../core/retry-after.js';
import { toClientError } from '../core/realtime-client-error.js';
import type { Emit, TopicDeferredEvent, TopicRetryDueEvent } from '../session/client-event.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { ClientServices } from './client-services.js';

/** Wait for more topics that are due. All topics may fail together, and servers limit the frames. */
const BATCH_MS = 250;

/** Defers topics after a temporary error, and reports when to request them again. */
export class TopicRetryScheduler {
  readonly #services: ClientServices;
  readonly #emit: Emit<TopicRetryDueEvent>;

  /** When the deferred topics are due, on the monotonic clock. */
  readonly #due = new Map<TopicEntry, number>();
  #timer: Timer | undefined;

  constructor(services: ClientServices, emit: Emit<TopicRetryDueEvent>) {
    this.#services = services;
    this.#emit = emit;
  }

  /** Defers a topic for the `retryAfter` of the server, or for the backoff of the topic. */
  defer({ entry, error }: TopicDeferredEvent): void {
    const { environment, options } = this.#services;
    const { serverMs, maxMs } = options.backoff;
    const backoff = Math.min(maxMs, serverMs * 2 ** entry.failures);
    entry.failures += 1;
    entry.isDeferred = true;
    const now = environment.now();
    if (error) entry.store.defer(toClientError(error), now);
    else entry.store.setFreshness({ state: 'stale', staleSince: now });
    const delay = error?.retryAfter === undefined ? backoff : limitRetryAfter(error.retryAfter);
    this.#due.set(entry, environment.monotonic() + delay + environment.random() * backoff);
    this.#schedule();
  }

  stop(): void {
    for (const entry of this.#due.keys()) entry.isDeferred = false;
    this.#due.clear();
    this.#schedule();
  }

  #schedule(): void {
    const { environment, registry } = this.#services;
    this.#timer?.cancel();
    if (this.#due.size === 0) return;
    const end = Math.min(...this.#due.values()) + BATCH_MS;
    this.#timer = environment.setTimer(() => {
      for (const [entry, dueAt] of this.#due) {
        if (dueAt > end) continue;
        this.#due.delete(entry);
        entry.isDeferred = false;
        const isNeeded = registry.get(entry.name) === entry && !entry.subscription;
        if (isNeeded) this.#emit({ type: 'topic-retry-due', entry });
      }
      this.#schedule();
    }, end - environment.monotonic());
  }
}

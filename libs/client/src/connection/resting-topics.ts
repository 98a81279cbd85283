import type { ClientParts } from './client-parts.js';
import type { Timer } from '../core/environment.js';
import { believedRetryAfter } from '../core/retry-after.js';
import type { TopicEntry } from '../topics/topic-entry.js';

/** Topics that a temporary error said to leave out for a while. */
export class RestingTopics {
  private readonly timers = new Map<TopicEntry, Timer>();

  constructor(
    private readonly parts: ClientParts,
    private readonly ask: (entry: TopicEntry) => void,
  ) {}

  /** Asks again after what the server said, or after a backoff of the topic's own. */
  rest(entry: TopicEntry, retryAfter: number | undefined): void {
    const { environment, options, registry } = this.parts;
    const { server = 1_000, cap = 30_000 } = options.backoff;
    const pause = Math.min(cap, server * 2 ** entry.failures);
    entry.failures += 1;
    entry.resting = true;
    entry.store.freshen({ state: 'stale', since: environment.now() });
    const wake = () => {
      this.timers.delete(entry);
      entry.resting = false;
      if (registry.get(entry.name) === entry && entry.carrier === undefined) this.ask(entry);
    };
    this.timers.get(entry)?.cancel();
    const least = retryAfter === undefined ? pause : believedRetryAfter(retryAfter);
    this.timers.set(entry, environment.setTimer(wake, least + environment.random() * pause));
  }

  stop(): void {
    for (const [entry, timer] of this.timers) {
      timer.cancel();
      entry.resting = false;
    }
    this.timers.clear();
  }
}

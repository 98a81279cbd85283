import type { Environment, Timer } from '@statewire/nest';

import type { PostgresLink } from './link.js';
import type { TopicListeners } from './topic-listeners.js';
import type { KnownPosition, TopicReader } from './topic-reader.js';

/** Topics of one look. */
const AT_ONCE = 1_000;
/** Time between two times of deleting what has expired. */
const CLEAN_AFTER_MS = 10_000;
/** Every so many times, histories without a topic are deleted as well. */
const ORPHANS_EVERY = 60;

/**
 * Looks from time to time for what no notification told, 1,000 topics at a time: publications, and those of transactions whose
 * node ended. Renews the topics with listeners, so that the server keeps them, and has it delete what has expired.
 */
export class Poll {
  private timer: Timer | undefined;
  /** The topics that this round has not looked at yet. */
  private rest: KnownPosition[] = [];
  private cleanedAt: number;
  private cleanings = 0;

  constructor(
    private readonly link: Pick<PostgresLink, 'up'>,
    private readonly reader: TopicReader,
    private readonly listeners: TopicListeners,
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly intervalMs: number,
  ) {
    this.cleanedAt = environment.monotonic();
  }

  start(): void {
    this.timer?.cancel();
    this.timer = this.environment.setTimer(() => {
      this.look()
        // The next look makes up for one that fails.
        .catch(() => undefined)
        .then(() => {
          if (this.timer !== undefined && this.link.up) this.start();
        })
        .catch(() => undefined);
    }, this.intervalMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Tells the listeners of all topics where those stand. */
  async sweep(): Promise<void> {
    const topics = this.listeners.positions.map(({ topic }) => ({ topic }));
    const sweeps: Promise<void>[] = [];
    for (let from = 0; from < topics.length; from += AT_ONCE) {
      const some = topics.slice(from, from + AT_ONCE);
      sweeps.push(this.reader.check(some).then((standings) => this.listeners.resume(standings)));
    }
    await Promise.all(sweeps);
  }

  private async look(): Promise<void> {
    await this.reader.drain();
    if (this.rest.length === 0) this.rest = [...this.listeners.positions];
    const known = new Map(this.listeners.positions.map((position) => [position.topic, position]));
    const some = this.rest.splice(0, AT_ONCE).flatMap(({ topic }) => known.get(topic) ?? []);
    if (some.length > 0) this.listeners.resumeIfStill(await this.reader.check(some), some);
    const now = this.environment.monotonic();
    if (now - this.cleanedAt < CLEAN_AFTER_MS) return;
    this.cleanedAt = now;
    this.cleanings += 1;
    await this.reader.clean(this.cleanings % ORPHANS_EVERY === 0);
  }
}

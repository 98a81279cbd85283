import type { Environment, Timer } from '@statewire/nest';
import type { Standing, TopicListeners } from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';
import type { PostgresTopicChannels } from './topic-channels.js';
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
  private rest: string[] = [];
  /** The positions that listeners knew when a look found their topic ahead of its messages. */
  private readonly ahead = new Map<string, string>();
  private cleanedAt: number;
  private cleanings = 0;

  constructor(
    private readonly link: Pick<PostgresLink, 'up'>,
    private readonly reader: TopicReader,
    private readonly channels: Pick<PostgresTopicChannels, 'isReading'>,
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
    const topics = this.listeners.names.map((topic) => ({ topic }));
    const sweeps: Promise<void>[] = [];
    for (let from = 0; from < topics.length; from += AT_ONCE) {
      const some = topics.slice(from, from + AT_ONCE);
      sweeps.push(this.reader.check(some).then((standings) => this.listeners.resume(standings)));
    }
    await Promise.all(sweeps);
  }

  private async look(): Promise<void> {
    await this.reader.drain();
    if (this.rest.length === 0) {
      this.rest = [...this.listeners.names];
      for (const topic of this.ahead.keys()) if (this.listeners.find(topic) === undefined) this.ahead.delete(topic);
    }
    const some = this.rest.splice(0, AT_ONCE).flatMap((topic) => {
      const receiver = this.listeners.find(topic);
      return receiver === undefined ? [] : [{ topic, ...receiver.position }];
    });
    if (some.length > 0) this.resumeIfStill(await this.reader.check(some), some);
    const now = this.environment.monotonic();
    if (now - this.cleanedAt < CLEAN_AFTER_MS) return;
    this.cleanedAt = now;
    this.cleanings += 1;
    await this.reader.clean(this.cleanings % ORPHANS_EVERY === 0);
  }

  /**
   * Resumes the topics that a look found ahead of their messages, if the look before found the same. The message of a
   * publication may arrive a moment after the publication can be read.
   */
  private resumeIfStill(standings: readonly Standing[], looked: readonly KnownPosition[]): void {
    const moved = new Set(standings.map(({ topic }) => topic));
    for (const { topic } of looked) if (!moved.has(topic)) this.ahead.delete(topic);
    for (const standing of standings) {
      const { topic } = standing;
      const receiver = this.listeners.find(topic);
      if (receiver === undefined || this.channels.isReading(topic)) continue;
      const now = `${receiver.position?.epoch}:${receiver.position?.offset}`;
      if (receiver.isInterrupted || this.ahead.get(topic) === now) receiver.resume(standing);
      this.ahead.set(topic, now);
    }
  }
}

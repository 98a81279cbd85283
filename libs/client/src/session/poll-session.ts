import type {
  ErrorFrame,
  PollRequest,
  PollResponse,
  ServerFrame,
  TopicRequest,
  UnsubscribedFrame,
} from '@statewire/protocol';

import type { Environment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import { judge } from './judge.js';
import { endTopic, failTopic } from './topic-error.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

interface Asked {
  readonly entry: TopicEntry;
  readonly feed: TopicFeed;
}

/** One poll: what is asked, and the merging of what is answered with what came another way meanwhile. */
export class PollSession {
  private readonly asked = new Map<string, Asked>();

  constructor(
    private readonly registry: TopicRegistry,
    private readonly metrics: MetricsRecorder,
    private readonly environment: Environment,
    private readonly rest: (entry: TopicEntry, retryAfter: number | undefined) => void,
  ) {}

  /** Asks for every topic that no live socket carries. */
  request(clientId: string, wait: number): PollRequest {
    const topics: TopicRequest[] = [];
    for (const entry of this.registry.open) {
      if (entry.resting || entry.carrier !== undefined) continue;
      const { name, store } = entry;
      const since = store.cursor;
      this.asked.set(name, { entry, feed: new TopicFeed(store, since) });
      topics.push(since === undefined ? { topic: name } : { topic: name, since });
    }
    return { clientId, topics, ...(wait > 0 && topics.length > 0 && { wait }) };
  }

  /** @returns whether a topic has to be asked for again at once: its position had moved on another way. */
  take(response: PollResponse): boolean {
    let again = false;
    for (const frame of response.frames) {
      this.metrics.add('framesReceived');
      again = this.takeFrame(frame) || again;
    }
    return again;
  }

  private takeFrame(frame: ServerFrame): boolean {
    if (!('topic' in frame) || frame.topic === undefined) return false;
    const asked = this.asked.get(frame.topic);
    if (asked === undefined || !this.isStillAsked(asked.entry)) return false;
    switch (frame.type) {
      case 'unsubscribed':
        this.takeUnsubscribed(asked.entry, frame);
        return false;
      case 'error':
        this.takeError(asked.entry, frame);
        return false;
      default:
        return this.takeFeedFrame(asked, frame);
    }
  }

  private takeFeedFrame({ entry, feed }: Asked, frame: FeedFrame): boolean {
    const again = judge(entry, feed.take(frame), this.metrics, this.environment.now());
    if (again !== 'no') this.asked.delete(entry.name);
    if (again === 'later') this.rest(entry, undefined);
    return again === 'now';
  }

  private takeUnsubscribed(entry: TopicEntry, { code }: UnsubscribedFrame): void {
    if (code !== 'requested') endTopic(entry, code, this.environment.now());
  }

  private takeError(entry: TopicEntry, error: ErrorFrame): void {
    this.asked.delete(entry.name);
    if (error.temporary) this.rest(entry, error.retryAfter);
    else failTopic(entry, error, this.environment.now());
  }

  private isStillAsked(entry: TopicEntry): boolean {
    return entry.carrier === undefined && this.registry.get(entry.name) === entry && entry.store.error === undefined;
  }
}

import {
  DELTA_CAPABILITIES,
  type ErrorFrame,
  type PollRequest,
  type PollResponse,
  type ServerFrame,
  type TopicRequest,
  type UnsubscribedFrame,
} from '@statewire/protocol';

import type { ClientEnvironment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { ClientTopicRegistry } from '../topics/client-topic-registry.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { Emit, TopicDeferredEvent } from './client-event.js';
import { handleFeedOutcome } from './handle-feed-outcome.js';
import { endTopic, failTopic } from './topic-errors.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

interface RequestedTopic {
  readonly entry: TopicEntry;
  readonly feed: TopicFeed;
}

/** Builds the request of one poll, and merges the response with frames that arrived over a WebSocket meanwhile. */
export class PollSession {
  readonly #registry: ClientTopicRegistry;
  readonly #metrics: MetricsRecorder;
  readonly #environment: ClientEnvironment;
  readonly #emit: Emit<TopicDeferredEvent>;

  readonly #requested = new Map<string, RequestedTopic>();

  constructor(
    registry: ClientTopicRegistry,
    metrics: MetricsRecorder,
    environment: ClientEnvironment,
    emit: Emit<TopicDeferredEvent>,
  ) {
    this.#registry = registry;
    this.#metrics = metrics;
    this.#environment = environment;
    this.#emit = emit;
  }

  /** Requests every topic that no live WebSocket delivers. `wait` is in seconds. */
  request(clientId: string, wait: number, contract?: number): PollRequest {
    const topics: TopicRequest[] = [];
    let isStale = false;
    for (const entry of this.#registry.requestable) {
      if (entry.isDeferred || entry.subscription !== undefined) continue;
      const { name, store } = entry;
      const since = store.cursor;
      this.#requested.set(name, { entry, feed: new TopicFeed(store, since) });
      topics.push({ topic: name, since });
      isStale ||= store.freshness.state === 'stale';
    }
    // A server does not know that a value is stale here, and would hold the answer that makes it current.
    const mayWait = wait > 0 && topics.length > 0 && !isStale;
    return { clientId, contract, topics, deltas: DELTA_CAPABILITIES, ...(mayWait && { wait }) };
  }

  /** Applies a response. @returns whether to poll again at once, because a topic had moved on over a WebSocket. */
  apply(response: PollResponse): boolean {
    let isIncomplete = false;
    for (const frame of response.frames) {
      this.#metrics.add('framesReceived');
      isIncomplete = this.#applyFrame(frame) || isIncomplete;
    }
    return isIncomplete;
  }

  #applyFrame(frame: ServerFrame): boolean {
    if (!('topic' in frame) || frame.topic === undefined) return false;
    const requested = this.#requested.get(frame.topic);
    if (requested === undefined || !this.#isStillRequested(requested.entry)) return false;
    switch (frame.type) {
      case 'unsubscribed':
        this.#applyUnsubscribed(requested.entry, frame);
        return false;
      case 'error':
        this.#applyError(requested.entry, frame);
        return false;
      default:
        return this.#applyFeedFrame(requested, frame);
    }
  }

  #applyFeedFrame({ entry, feed }: RequestedTopic, frame: FeedFrame): boolean {
    const next = handleFeedOutcome(entry, feed.apply(frame), this.#metrics, this.#environment.now());
    if (next !== 'none') this.#requested.delete(entry.name);
    if (next === 'deferred') this.#emit({ type: 'topic-deferred', entry, error: undefined });
    return next === 'immediate';
  }

  #applyUnsubscribed(entry: TopicEntry, { code }: UnsubscribedFrame): void {
    if (code !== 'requested') endTopic(entry, code, this.#environment.now());
  }

  #applyError(entry: TopicEntry, error: ErrorFrame): void {
    this.#requested.delete(entry.name);
    if (error.temporary) this.#emit({ type: 'topic-deferred', entry, error });
    else failTopic(entry, error, this.#environment.now());
  }

  #isStillRequested(entry: TopicEntry): boolean {
    return (
      entry.subscription === undefined && this.#registry.get(entry.name) === entry && entry.store.error === undefined
    );
  }
}

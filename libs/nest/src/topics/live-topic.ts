import type { Since } from '@statewire/protocol';

import type { Broker, NewPublication, Release, TopicHistory, TopicMessage } from '../core/broker.js';
import type { LogLimits } from '../core/publication-log.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { Projection } from './projection.js';
import type { AppendedPublication, EndReason, TopicSubscriber } from './subscribers.js';
import { Timeline } from './timeline.js';
import type { ResolvedTopic } from './topic-loader.js';

/** Maximum number of messages that wait during a read of the broker. Above it the oldest are dropped and read later. */
const MAX_WAITING_MESSAGES = 1_024;

/** Milliseconds between a failed read of the broker and the next attempt. */
const RETRY_INTERVAL_MS = 1_000;

export interface LiveTopicOptions {
  readonly topic: ResolvedTopic;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly history: LogLimits;
  /** Called after the timeline started over without a value. */
  readonly onEmptied: () => void;
  /** Called after a node closed the topic. */
  readonly onClosed: () => void;
}

/**
 * Follows one topic of the broker in offset order. Reads missing publications from the broker and notifies the
 * subscribers of this node.
 */
export class LiveTopic {
  private readonly subscribers = new Map<object, TopicSubscriber>();
  private readonly inbox: TopicMessage[] = [];
  private reading: Promise<void> | undefined;
  private isEnded = false;
  private current: Timeline | undefined;
  private unlisten: Release | undefined;
  private retry: Timer | undefined;

  constructor(private readonly options: LiveTopicOptions) {}

  get ended(): boolean {
    return this.isEnded;
  }

  get timeline(): Timeline {
    if (this.current === undefined) throw new Error(`The topic "${this.options.topic.name}" is not open.`);
    return this.current;
  }

  /** Listens first and reads after the broker has confirmed, so that no publication is missed in between. */
  async open(): Promise<void> {
    const { broker, history, topic } = this.options;
    this.reading = Promise.resolve();
    const unlisten = await broker.listen(topic.name, (message) => this.receive(message));
    if (this.ended) return unlisten();
    this.unlisten = unlisten;
    const read = await broker.read(topic.name, topic.kind);
    this.current = new Timeline(topic.name, topic.kind, history, read, topic);
    this.reading = undefined;
    this.applyInbox();
  }

  /** Stops listening. Subscribers get `released`, unless they got `closed` before. */
  async release(): Promise<void> {
    this.end('released');
    this.retry?.cancel();
    await this.unlisten?.();
  }

  /** Ends all subscriptions on this node, because the observable or the loader of the topic failed. */
  fail(): void {
    this.end('failed');
  }

  /** @param key the receiver. The subscriber replaces an earlier one with the same key. */
  add(key: object, subscriber: TopicSubscriber): void {
    this.subscribers.set(key, subscriber);
  }

  remove(key: object, subscriber: TopicSubscriber): void {
    if (this.subscribers.get(key) === subscriber) this.subscribers.delete(key);
  }

  /** Makes the publication for the broker. It has no delta while the topic is not open. */
  prepare(projection: Projection): NewPublication {
    const { current } = this;
    const { kind } = this.options.topic;
    return current?.prepare(projection) ?? { kind, data: projection.text, value: projection.value };
  }

  /** Reads from the broker what the timeline lacks for a reader from `since`. Logs an error of the broker. */
  async fetchFor(since: Since | undefined): Promise<void> {
    if (this.timeline.missingFor(since) === 'newer') await this.resync();
    const missing = this.ended ? undefined : this.timeline.missingFor(since);
    if (missing === undefined || missing === 'newer') return;
    const { broker, environment, log, topic } = this.options;
    try {
      this.timeline.prepend(await broker.read(topic.name, topic.kind, missing), environment.monotonic());
    } catch (error) {
      log.error('history-read-failed', error, { topic: topic.name });
    }
  }

  private receive(message: TopicMessage): void {
    this.inbox.push(message);
    if (this.inbox.length > MAX_WAITING_MESSAGES) this.inbox.shift();
    this.applyInbox();
  }

  private applyInbox(): void {
    while (this.reading === undefined && !this.ended) {
      const message = this.inbox.shift();
      if (message === undefined) return;
      // The message may be dropped: the read brings its publication together with the missing ones.
      if (!this.apply(message)) void this.resync();
    }
  }

  /** @returns false if the broker has to be read first. */
  private apply(message: TopicMessage): boolean {
    const { timeline } = this;
    const { epoch, offset } = timeline.position;
    switch (message.type) {
      case 'closed':
        this.end('closed');
        this.options.onClosed();
        return true;
      case 'epoch':
        if (message.position.epoch === epoch) return true;
        if (message.position.offset > 0) return false;
        this.restart({ ...message.position, oldest: 1, publications: [] });
        return true;
      case 'publication': {
        const { publication } = message;
        if (publication.epoch !== epoch || publication.offset > offset + 1) return false;
        if (publication.offset === offset + 1) {
          this.notify(timeline.append(publication, this.options.environment.monotonic()), publication);
        } else if (timeline.contradicts(publication)) {
          void this.replaceEpoch();
        }
        return true;
      }
    }
  }

  /** Reads what the broker has beyond the position of this node. Messages wait meanwhile. */
  private resync(): Promise<void> {
    return (this.reading ??= this.readBroker());
  }

  private async readBroker(): Promise<void> {
    const { broker, environment, log, topic } = this.options;
    const { name, kind } = topic;
    try {
      const { epoch, offset } = this.timeline.position;
      const read = await broker.read(name, kind, { above: offset });
      if (this.isEnded) return;
      if (read.epoch === epoch && read.offset < offset) {
        // The broker lost publications that readers of this node have. Their offsets must not come again in this epoch.
        const position = await broker.replaceEpoch(name, kind, epoch);
        const fresh = await broker.read(name, kind, { above: position.offset });
        if (!this.ended) this.restart(fresh);
      } else {
        this.applyHistory(read);
      }
    } catch (error) {
      if (this.ended) return;
      log.warn('broker-read-failed', { topic: name, error: String(error) });
      this.retry = environment.setTimer(() => {
        this.reading = this.readBroker();
      }, RETRY_INTERVAL_MS);
      return;
    }
    this.reading = undefined;
    this.applyInbox();
  }

  private applyHistory(read: TopicHistory): void {
    const { timeline } = this;
    const { epoch, offset } = timeline.position;
    if (read.epoch !== epoch || read.oldest > offset + 1) return this.restart(read);
    const frames = timeline.extend(read, this.options.environment.monotonic());
    frames.forEach((frame, index) => this.notify(frame, read.publications[index]!));
  }

  private restart(history: TopicHistory): void {
    this.timeline.reset(history);
    for (const subscriber of this.subscribers.values()) subscriber.restarted();
    if (history.offset === 0) this.options.onEmptied();
  }

  private notify(frame: EncodedFrame, publication: AppendedPublication): void {
    for (const subscriber of this.subscribers.values()) subscriber.appended(frame, publication);
    this.timeline.endStep();
  }

  /** Asks the broker for a new epoch, because the broker lost publications and assigned their offsets again. */
  private async replaceEpoch(): Promise<void> {
    const { broker, log, topic } = this.options;
    log.warn('broker-reused-offsets', { topic: topic.name });
    try {
      await broker.replaceEpoch(topic.name, topic.kind, this.timeline.position.epoch);
    } catch (error) {
      log.error('epoch-replacement-failed', error, { topic: topic.name });
    }
  }

  private end(reason: EndReason | 'released'): void {
    this.isEnded = true;
    const subscribers = [...this.subscribers.values()];
    this.subscribers.clear();
    for (const subscriber of subscribers) subscriber.ended(reason);
  }
}

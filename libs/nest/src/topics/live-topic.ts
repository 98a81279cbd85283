import { DeltaError, type Position, type Since } from '@statewire/protocol';

import type { Broker, LivePublication, Release, TopicHistory, TopicMessage } from '../core/broker.js';
import type { LogLimits } from '../core/publication-log.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { AppendedPublication, EndReason, TopicSubscriber } from './subscribers.js';
import type { ReadLimit } from './read-limit.js';
import { Timeline } from './timeline.js';
import type { ResolvedTopic } from './topic-loader.js';

/** Maximum number of messages that wait during a read of the broker. Above it the oldest are dropped and read later. */
const MAX_WAITING_MESSAGES = 1_024;
/** Maximum characters of the messages that wait. Above it the oldest are dropped, too. */
const MAX_WAITING_CHARACTERS = 1_048_576;

/** Bytes of publications that one read brings. A state topic that is further behind gets the value instead. */
const MAX_READ_BYTES = 262_144;

/** Milliseconds between a failed read of the broker and the next attempt. */
const RETRY_INTERVAL_MS = 1_000;

export interface LiveTopicOptions {
  readonly topic: ResolvedTopic;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly history: LogLimits;
  /** Bounds the reads of all topics of the node that have to catch up. */
  readonly reads: ReadLimit;
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
  private inboxLength = 0;
  private reading: Promise<void> | undefined;
  /** The time since which the broker has been out of reach, by the clock of this node. */
  private awaySince: number | undefined;
  /** Whether the last `interrupted` has no `resumed` yet. */
  private isInterrupted = false;
  /** Whether the broker is back, and what it has in addition is not here yet. */
  private isResuming = false;
  /** Whether the value of this node is wrong, so that nothing can follow it. */
  private isBroken = false;
  /** Whether a read failed while the broker was out of reach. It is repeated when the broker is back. */
  private isReadDue = false;
  private isEnded = false;
  private opened: Timeline | undefined;
  private unlisten: Release | undefined;
  private retry: Timer | undefined;

  constructor(private readonly options: LiveTopicOptions) {}

  get ended(): boolean {
    return this.isEnded;
  }

  /**
   * The time since which publications may be missing here because the broker is out of reach, in milliseconds since the
   * Unix epoch. Undefined: the topic is up to date.
   */
  get staleSince(): number | undefined {
    return this.awaySince;
  }

  /** The timeline. Undefined before the topic is open. */
  get current(): Timeline | undefined {
    return this.opened;
  }

  get timeline(): Timeline {
    if (this.opened === undefined) throw new Error(`The topic "${this.options.topic.name}" is not open.`);
    return this.opened;
  }

  /** Listens first and reads after the broker has confirmed, so that no publication is missed in between. */
  async open(): Promise<void> {
    const { broker, history, topic } = this.options;
    this.reading = Promise.resolve();
    const unlisten = await broker.listen(topic.name, (message) => this.receive(message));
    if (this.ended) return unlisten();
    this.unlisten = unlisten;
    const read = await broker.read(topic.name, topic.kind);
    this.opened = new Timeline(topic.name, topic.kind, history, read, topic);
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

  /** Reads from the broker what the timeline lacks for a reader from `since`. Logs an error of the broker. */
  async fetchFor(since: Since | undefined): Promise<void> {
    if (this.timeline.missingFor(since) === 'newer') await this.resync();
    const missing = this.ended ? undefined : this.timeline.missingFor(since);
    if (missing === undefined || missing === 'newer') return;
    const { broker, environment, log, reads, topic } = this.options;
    try {
      const history = await reads.run(() => broker.read(topic.name, topic.kind, missing));
      if (!this.ended) this.timeline.prepend(history, environment.monotonic());
    } catch (error) {
      log.warn('history-read-failed', { topic: topic.name, error: String(error) });
    }
  }

  private receive(message: TopicMessage): void {
    if (message.type === 'interrupted') {
      this.isInterrupted = true;
      return this.interrupt();
    }
    if (message.type === 'resumed') {
      this.isInterrupted = false;
      this.readAfterOutage();
    }
    this.inbox.push(message);
    this.inboxLength += lengthOf(message);
    // The newest message stays, however long it is: it shows that others are missing.
    while (
      this.inbox.length > MAX_WAITING_MESSAGES ||
      (this.inboxLength > MAX_WAITING_CHARACTERS && this.inbox.length > 1)
    ) {
      // The read that replaces the dropped messages brings the topic up to date.
      if (this.nextMessage()?.type === 'resumed') this.isResuming = true;
    }
    this.applyInbox();
  }

  private nextMessage(): TopicMessage | undefined {
    const message = this.inbox.shift();
    if (message !== undefined) this.inboxLength -= lengthOf(message);
    return message;
  }

  private applyInbox(): void {
    while (this.reading === undefined && !this.ended) {
      const message = this.nextMessage();
      if (message === undefined) return this.endInterruption();
      // The message may be dropped: the read brings its publication together with the missing ones.
      if (!this.apply(message)) void this.resync();
    }
  }

  /** @returns false if the broker has to be read first. */
  private apply(message: TopicMessage): boolean {
    const { timeline } = this;
    switch (message.type) {
      case 'closed':
        this.end('closed');
        this.options.onClosed();
        return true;
      case 'interrupted':
        return true;
      case 'resumed':
        return this.resume(message.position, message.id);
      case 'epoch':
        return message.epoch === timeline.position.epoch || this.startEpoch(message.epoch, message.first);
      case 'publication': {
        const { publication } = message;
        if (timeline.isNext(publication)) return this.append(publication);
        const { epoch, offset } = timeline.position;
        if (publication.epoch !== epoch || publication.offset > offset) return false;
        return !timeline.contradicts(publication);
      }
    }
  }

  private append(publication: LivePublication): boolean {
    try {
      this.notify(this.timeline.append(publication, this.options.environment.monotonic()), publication);
      return true;
    } catch (error) {
      this.breakOff(error);
      return false;
    }
  }

  private startEpoch(epoch: string, first: LivePublication | undefined): boolean {
    const empty: TopicHistory = { epoch, offset: 0, id: '', oldest: 1, publications: [] };
    if (first === undefined || this.options.topic.kind === 'events') {
      this.restart(empty);
      return first === undefined || this.append(first);
    }
    const { data, id, offset, time } = first;
    if (data === undefined) return false;
    this.restart({ ...empty, offset, id, time, base: { offset, data }, publications: [first] });
    return true;
  }

  private interrupt(): void {
    this.isResuming = false;
    if (this.awaySince !== undefined) return;
    this.awaySince = this.options.environment.now();
    for (const subscriber of this.subscribers.values()) subscriber.interrupted(this.awaySince);
  }

  /** @returns false if the broker has to be read before the topic is up to date. */
  private resume({ epoch, offset }: Position, id: string): boolean {
    const { position, id: ownId } = this.timeline;
    this.isResuming = true;
    return epoch === position.epoch && offset === position.offset && id === ownId;
  }

  private endInterruption(): void {
    // A `resumed` that waited during a read may belong to an earlier interruption.
    if (this.isInterrupted || !this.isResuming || this.awaySince === undefined) return;
    this.isResuming = false;
    this.awaySince = undefined;
    for (const subscriber of this.subscribers.values()) subscriber.resumed();
  }

  /** Repeats the read that failed during the outage. Without an outage a timer repeats it. */
  private readAfterOutage(): void {
    if (!this.isReadDue) return;
    this.isReadDue = false;
    this.reading = this.readBroker();
  }

  /** Reads what the broker has beyond the position of this node. Messages wait meanwhile. */
  private resync(): Promise<void> {
    return (this.reading ??= this.readBroker());
  }

  private async readBroker(): Promise<void> {
    const { broker, environment, log, reads, topic } = this.options;
    const { name, kind } = topic;
    try {
      const read = await reads.run(() =>
        broker.read(name, kind, {
          above: this.timeline.position.offset,
          ...(kind === 'state' ? { maxBytes: MAX_READ_BYTES } : {}),
        }),
      );
      if (this.isEnded) return;
      if (this.timeline.isContradictedBy(read)) await this.replaceEpoch();
      else this.applyHistory(read);
    } catch (error) {
      if (this.ended) return;
      log.warn('broker-read-failed', { topic: name, error: String(error) });
      if (this.isInterrupted) {
        this.isReadDue = true;
        return;
      }
      this.interrupt();
      // No message says that the broker is back: a read that succeeds does.
      this.isResuming = true;
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
    if (this.isBroken || !timeline.isContinuedBy(read)) return this.restart(read);
    for (const [frame, publication] of timeline.extend(read, this.options.environment.monotonic())) {
      this.notify(frame, publication);
    }
  }

  private restart(history: TopicHistory): void {
    this.timeline.reset(history);
    this.isBroken = false;
    for (const subscriber of this.subscribers.values()) subscriber.restarted();
    if (history.offset === 0) this.options.onEmptied();
  }

  private notify(frame: EncodedFrame, publication: AppendedPublication): void {
    for (const subscriber of this.subscribers.values()) subscriber.appended(frame, publication);
    this.timeline.endStep();
  }

  /**
   * Asks the broker for a new epoch with its newest value, because the broker lost publications that this node has.
   * Their offsets must not come again in this epoch.
   */
  private async replaceEpoch(): Promise<void> {
    const { broker, log, topic } = this.options;
    const { name, kind } = topic;
    log.warn('broker-lost-publications', { topic: name });
    await broker.replaceEpoch(name, kind, this.timeline.position.epoch, { keep: true });
    const history = await broker.read(name, kind);
    if (!this.ended) this.restart(history);
  }

  /** The next message makes the topic start over from the broker. */
  private breakOff(error: unknown): void {
    if (!(error instanceof DeltaError)) throw error;
    this.isBroken = true;
    this.options.log.error('delta-does-not-fit', error, { topic: this.options.topic.name });
  }

  private end(reason: EndReason | 'released'): void {
    this.isEnded = true;
    const subscribers = [...this.subscribers.values()];
    this.subscribers.clear();
    for (const subscriber of subscribers) subscriber.ended(reason);
  }
}

function lengthOf(message: TopicMessage): number {
  const publication = message.type === 'epoch' ? message.first : undefined;
  const { data = '', delta = '' } = (message.type === 'publication' ? message.publication : publication) ?? {};
  return data.length + delta.length;
}

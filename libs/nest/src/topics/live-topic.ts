import type { Since } from '@statewire/protocol';

import type { Broker, NewPublication, Release, TopicHistory, TopicMessage } from '../core/broker.js';
import type { LogLimits } from '../broker/memory/publication-log.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Projection } from './projection.js';
import { Timeline } from './timeline.js';
import type { TakenPublication, TopicSubscriber } from './topic-subscriber.js';
import type { ResolvedTopic } from './topics.js';

/** Messages that may wait while the broker is read. Older ones are dropped: the gap is read afterwards. */
const MAX_INBOX = 1_024;

/** How long to wait after the broker could not be read. */
const RETRY_INTERVAL = 1_000;

export interface LiveTopicOptions {
  readonly topic: ResolvedTopic;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly history: LogLimits;
  /** The timeline started over and is empty. */
  readonly onEmptied: () => void;
  /** `close(topic)` was called somewhere. */
  readonly onClosed: () => void;
}

/**
 * A topic on this node: follows the broker in offset order, reads from it what did not arrive, and tells its members.
 */
export class LiveTopic {
  private readonly members = new Map<object, TopicSubscriber>();
  private readonly inbox: TopicMessage[] = [];
  private reading: Promise<void> | undefined;
  private over = false;
  private current: Timeline | undefined;
  private unlisten: Release | undefined;
  private retry: Timer | undefined;

  constructor(private readonly options: LiveTopicOptions) {}

  get ended(): boolean {
    return this.over;
  }

  get timeline(): Timeline {
    if (this.current === undefined) throw new Error(`The topic "${this.options.topic.name}" is not open.`);
    return this.current;
  }

  /** Listens, waits for the broker's confirmation, and only then reads: nothing can fall in between. */
  async open(): Promise<void> {
    const { broker, history, topic } = this.options;
    this.reading = Promise.resolve();
    const unlisten = await broker.listen(topic.name, (message) => this.receive(message));
    if (this.over) return unlisten();
    this.unlisten = unlisten;
    const read = await broker.read(topic.name, topic.kind);
    this.current = new Timeline(topic.name, topic.kind, history, read);
    this.reading = undefined;
    this.drain();
  }

  /** Lets go of everything. Members are told, unless they were told that the topic is closed. */
  async release(): Promise<void> {
    this.end('released');
    this.retry?.cancel();
    await this.unlisten?.();
  }

  /** @param key whom the member stands for; an earlier member of the same key is replaced. */
  add(key: object, member: TopicSubscriber): void {
    this.members.set(key, member);
  }

  remove(key: object, member: TopicSubscriber): void {
    if (this.members.get(key) === member) this.members.delete(key);
  }

  /** What to hand to the broker for a value; without a delta while the topic is not open. */
  prepare(projection: Projection): NewPublication {
    const { current } = this;
    const { kind } = this.options.topic;
    return current?.prepare(projection) ?? { kind, data: projection.text, value: projection.value };
  }

  /** Asks the broker for what this node lacks to serve a reader from `since`. A broker that fails leaves it lacking. */
  async reach(since: Since | undefined): Promise<void> {
    if (this.timeline.missing(since) === 'newer') await this.resync();
    const missing = this.over ? undefined : this.timeline.missing(since);
    if (missing === undefined || missing === 'newer') return;
    const { broker, environment, log, topic } = this.options;
    try {
      this.timeline.prepend(await broker.read(topic.name, topic.kind, missing), environment.monotonic());
    } catch (error) {
      log.error('history not read', error, { topic: topic.name });
    }
  }

  private receive(message: TopicMessage): void {
    this.inbox.push(message);
    if (this.inbox.length > MAX_INBOX) this.inbox.shift();
    this.drain();
  }

  private drain(): void {
    while (this.reading === undefined && !this.over) {
      const message = this.inbox.shift();
      if (message === undefined) return;
      // What does not fit is not kept: it is in the broker, and reading on brings it together with what is missing.
      if (!this.take(message)) void this.resync();
    }
  }

  /** @returns false where the broker has to be read first. */
  private take(message: TopicMessage): boolean {
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
          this.tell(timeline.append(publication, this.options.environment.monotonic()), publication);
        } else if (timeline.contradicts(publication)) {
          void this.replaceEpoch();
        }
        return true;
      }
    }
  }

  /** Reads what the broker has beyond this node's position. While that takes, messages wait. */
  private resync(): Promise<void> {
    return (this.reading ??= this.readOn());
  }

  private async readOn(): Promise<void> {
    const { broker, environment, log, topic } = this.options;
    const { name, kind } = topic;
    try {
      const { epoch, offset } = this.timeline.position;
      const read = await broker.read(name, kind, { above: offset });
      if (this.over) return;
      if (read.epoch === epoch && read.offset < offset) {
        // The broker lost publications that this node's readers have: their offsets must not come again in this epoch.
        const position = await broker.replaceEpoch(name, kind, epoch);
        const fresh = await broker.read(name, kind, { above: position.offset });
        if (!this.isOver) this.restart(fresh);
      } else {
        this.adopt(read);
      }
    } catch (error) {
      if (this.isOver) return;
      log.warn('broker not read, will try again', { topic: name, error: String(error) });
      this.retry = environment.setTimer(() => {
        this.reading = this.readOn();
      }, RETRY_INTERVAL);
      return;
    }
    this.reading = undefined;
    this.drain();
  }

  // A getter, because it changes while `readOn` waits.
  private get isOver(): boolean {
    return this.over;
  }

  private adopt(read: TopicHistory): void {
    const { timeline } = this;
    const { epoch, offset } = timeline.position;
    if (read.epoch !== epoch || read.oldest > offset + 1) return this.restart(read);
    const frames = timeline.extend(read, this.options.environment.monotonic());
    frames.forEach((frame, index) => this.tell(frame, read.publications[index]!));
  }

  private restart(history: TopicHistory): void {
    this.timeline.reset(history);
    for (const member of this.members.values()) member.restarted();
    if (history.offset === 0) this.options.onEmptied();
  }

  private tell(frame: Parameters<TopicSubscriber['appended']>[0], publication: TakenPublication): void {
    for (const member of this.members.values()) member.appended(frame, publication);
  }

  /** This node knows another publication of that offset: the broker lost some and assigned their offsets again. */
  private async replaceEpoch(): Promise<void> {
    const { broker, log, topic } = this.options;
    log.warn('broker assigned offsets again', { topic: topic.name });
    try {
      await broker.replaceEpoch(topic.name, topic.kind, this.timeline.position.epoch);
    } catch (error) {
      log.error('epoch not replaced', error, { topic: topic.name });
    }
  }

  private end(reason: 'closed' | 'released'): void {
    this.over = true;
    const members = [...this.members.values()];
    this.members.clear();
    for (const member of members) member.ended(reason);
  }
}

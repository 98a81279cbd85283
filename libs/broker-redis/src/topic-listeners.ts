import {
  BrokerError,
  type LivePublication,
  type NewPublication,
  type Release,
  type TopicMessage,
} from '@statewire/nest';
import type { Position } from '@statewire/protocol';

import type { Channels } from './channels.js';
import { toBrokerError } from './errors.js';
import type { Keys } from './keys.js';
import { parseTopicMessage } from './topic-message.js';

type Listener = (message: TopicMessage) => void;

/** Where a topic stands on the server. */
export interface Standing {
  readonly topic: string;
  readonly position: Position;
  readonly id: string;
}

interface ListenedTopic {
  readonly name: string;
  readonly partition: number;
  readonly channel: string;
  readonly listeners: Set<Listener>;
  readonly receive: (message: string) => void;
  /** Between `interrupted` and `resumed` messages are dropped, because the position of `resumed` covers them. */
  isInterrupted: boolean;
  /** Where the topic stood after the last message that was dropped. */
  dropped: Pick<Standing, 'position' | 'id'> | undefined;
  /** Where the listeners know the topic. Undefined: they have heard nothing, so they learn where it stands. */
  epoch: string | undefined;
  offset: number;
}

/** The listeners of this node, by topic. */
export class TopicListeners {
  private readonly topics = new Map<string, ListenedTopic>();

  constructor(
    private readonly channels: Channels,
    private readonly keys: Keys,
    /** Returns a publication of this node that is under way. */
    private readonly own: (id: string) => NewPublication | undefined,
    private readonly onListenerError: (topic: string, error: unknown) => void,
  ) {}

  get size(): number {
    return this.topics.size;
  }

  /** The topics with listeners. */
  get names(): readonly string[] {
    return [...this.topics.keys()];
  }

  /** The topics with listeners in these partitions. */
  namesIn(partitions: ReadonlySet<number>): readonly string[] {
    return this.names.filter((name) => partitions.has(this.topics.get(name)!.partition));
  }

  async listen(name: string, listener: Listener): Promise<Release> {
    const topic = this.topics.get(name) ?? this.add(name);
    // A new function, so that the same listener can be added twice.
    const own: Listener = (message) => listener(message);
    topic.listeners.add(own);
    const release = async (): Promise<void> => {
      if (topic.listeners.delete(own) && topic.listeners.size === 0) this.remove(topic);
    };
    try {
      await this.channels.add(topic.partition, topic.channel, topic.receive);
    } catch (error) {
      await release();
      throw toBrokerError(error);
    }
    if (topic.isInterrupted) {
      await release();
      throw new BrokerError('unavailable', 'Redis is out of reach.');
    }
    return release;
  }

  /** Tells the listeners of topics in these partitions that messages may be missing. */
  interrupt(partitions: readonly number[]): void {
    const lost = new Set(partitions);
    for (const topic of [...this.topics.values()]) {
      if (topic.isInterrupted || !lost.has(topic.partition)) continue;
      topic.isInterrupted = true;
      topic.dropped = undefined;
      this.deliver(topic, { type: 'interrupted' });
    }
  }

  /** Tells the listeners of interrupted topics that messages arrive again, and of others if they missed something. */
  resume(standings: readonly Standing[]): void {
    for (const standing of standings) {
      const topic = this.topics.get(standing.topic);
      if (topic === undefined) continue;
      const { position, id } = newest(standing, topic.isInterrupted ? topic.dropped : undefined);
      const isBehind = topic.epoch !== position.epoch || topic.offset !== position.offset;
      // A message that the server sent after its answer may have arrived before the answer is used.
      const isAhead = topic.epoch === position.epoch && topic.offset > position.offset;
      if (!topic.isInterrupted && (!isBehind || isAhead)) continue;
      topic.isInterrupted = false;
      topic.epoch = position.epoch;
      topic.offset = position.offset;
      this.deliver(topic, { type: 'resumed', position, id });
    }
  }

  dispose(): void {
    for (const topic of [...this.topics.values()]) this.remove(topic);
  }

  private add(name: string): ListenedTopic {
    const { partition, channel } = this.keys.topic(name);
    const topic: ListenedTopic = {
      name,
      partition,
      channel,
      listeners: new Set(),
      receive: (message) => this.receive(topic, message),
      isInterrupted: false,
      dropped: undefined,
      epoch: undefined,
      offset: 0,
    };
    this.topics.set(name, topic);
    return topic;
  }

  private remove(topic: ListenedTopic): void {
    topic.listeners.clear();
    if (this.topics.get(topic.name) === topic) this.topics.delete(topic.name);
    this.channels.remove(topic.channel, topic.receive);
  }

  private receive(topic: ListenedTopic, text: string): void {
    const message = parseTopicMessage(text);
    if (message === undefined) return;
    if (topic.isInterrupted && message.type !== 'closed') {
      topic.dropped = standingAfter(message);
    } else if (message.type === 'publication') {
      this.receivePublication(topic, this.complete(message.publication));
    } else if (message.type === 'epoch') {
      topic.epoch = message.epoch;
      topic.offset = message.first === undefined ? 0 : 1;
      const { first } = message;
      this.deliver(topic, first === undefined ? message : { ...message, first: this.complete(first) });
    } else {
      this.deliver(topic, message);
      this.remove(topic);
    }
  }

  private receivePublication(topic: ListenedTopic, publication: LivePublication): void {
    const { epoch, offset } = publication;
    const isNewEpoch = topic.epoch !== undefined && topic.epoch !== epoch && offset === 1;
    topic.epoch = epoch;
    topic.offset = offset;
    // The server has forgotten the topic, and the publication created it anew.
    this.deliver(
      topic,
      isNewEpoch ? { type: 'epoch', epoch, first: publication } : { type: 'publication', publication },
    );
  }

  /** Adds the value that this node published itself, so that it need not apply its own delta. */
  private complete(publication: LivePublication): LivePublication {
    const own = this.own(publication.id);
    if (own === undefined) return publication;
    return { ...publication, data: own.data, ...(own.value === undefined ? {} : { value: own.value }) };
  }

  private deliver(topic: ListenedTopic, message: TopicMessage): void {
    for (const listener of [...topic.listeners]) {
      if (!topic.listeners.has(listener)) continue;
      try {
        listener(message);
      } catch (error) {
        this.onListenerError(topic.name, error);
      }
    }
  }
}

/** Where a topic stands after a message. */
function standingAfter(message: TopicMessage): Pick<Standing, 'position' | 'id'> | undefined {
  if (message.type === 'publication') {
    const { epoch, id, offset } = message.publication;
    return { position: { epoch, offset }, id };
  }
  if (message.type !== 'epoch') return undefined;
  return { position: { epoch: message.epoch, offset: message.first?.offset ?? 0 }, id: message.first?.id ?? '' };
}

/**
 * The messages behind the answer of the server may arrive before the answer is used. One of another epoch may also be an
 * older one; then listeners read, and find the newest position.
 */
function newest(
  answered: Pick<Standing, 'position' | 'id'>,
  dropped: Pick<Standing, 'position' | 'id'> | undefined,
): Pick<Standing, 'position' | 'id'> {
  if (dropped === undefined) return answered;
  const { epoch, offset } = dropped.position;
  return epoch === answered.position.epoch && offset <= answered.position.offset ? answered : dropped;
}

import {
  BrokerError,
  type LivePublication,
  type NewPublication,
  type Release,
  type TopicMessage,
} from '@statewire/nest';

import type { Channels } from './channels.js';
import { toBrokerError } from './errors.js';
import { topicChannel } from './names.js';
import {
  parseAnnouncement,
  standingAfter,
  type AnnouncedPublication,
  type Announcement,
  type Standing,
} from './topic-message.js';
import type { KnownPosition, TopicReader } from './topic-reader.js';

type Listener = (message: TopicMessage) => void;

interface ListenedTopic {
  readonly name: string;
  readonly channel: string;
  readonly listeners: Set<Listener>;
  /** Between `interrupted` and `resumed` messages are dropped, because the position of `resumed` covers them. */
  isInterrupted: boolean;
  /** Where the topic stood after the last message that was dropped. */
  dropped: Standing | undefined;
  /** Messages behind one whose text is being read. */
  backlog: Announcement[] | undefined;
  /** Resolves when the backlog is empty. */
  delivered: Promise<void> | undefined;
  /** Where the listeners know the topic. Undefined: they have heard nothing, so they learn where it stands. */
  epoch: string | undefined;
  offset: number;
  /** Where a look found the topic ahead of its messages. */
  ahead: string | undefined;
}

/** The listeners of this node, by topic. */
export class TopicListeners {
  private readonly topics = new Map<string, ListenedTopic>();
  /** Topics with listeners of each channel. */
  private readonly used = new Map<string, number>();

  constructor(
    private readonly channels: Channels,
    private readonly schema: string,
    private readonly reader: Pick<TopicReader, 'textOf' | 'check'>,
    /** Returns a publication of this node that is under way. */
    private readonly own: (id: string) => NewPublication | undefined,
    private readonly onListenerError: (topic: string, error: unknown) => void,
  ) {}

  get size(): number {
    return this.topics.size;
  }

  /** The topics with listeners, and where the listeners know them. */
  get positions(): readonly KnownPosition[] {
    return [...this.topics.values()].map(({ epoch, name, offset }) => ({ topic: name, epoch, offset }));
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
      await this.channels.add(topic.channel, this.receive);
    } catch (error) {
      await release();
      throw toBrokerError(error);
    }
    if (topic.isInterrupted) {
      await release();
      throw new BrokerError('unavailable', 'PostgreSQL is out of reach.');
    }
    return release;
  }

  /** Resolves when the listeners of a topic have received the messages that have arrived. */
  whenDelivered(name: string): Promise<void> | undefined {
    return this.topics.get(name)?.delivered;
  }

  /** Tells all listeners that messages may be missing. */
  interrupt(): void {
    for (const topic of [...this.topics.values()]) if (!topic.isInterrupted) this.interruptTopic(topic);
  }

  /** Tells the listeners of interrupted topics that messages arrive again, and of others if they missed something. */
  resume(standings: readonly Standing[]): void {
    for (const standing of standings) {
      const topic = this.topics.get(standing.topic);
      if (topic === undefined) continue;
      const { position, id } = newest(standing, topic.isInterrupted ? topic.dropped : undefined);
      const isBehind = topic.epoch !== position.epoch || topic.offset !== position.offset;
      if (!topic.isInterrupted && !isBehind) continue;
      topic.isInterrupted = false;
      topic.epoch = position.epoch;
      topic.offset = position.offset;
      this.deliver(topic, { type: 'resumed', position, id });
    }
  }

  /**
   * Resumes the topics that a look found ahead of their messages, if the look before found the same. The message of a
   * publication may arrive a moment after the publication can be read.
   */
  resumeIfStill(standings: readonly Standing[], looked: readonly KnownPosition[]): void {
    const moved = new Set(standings.map(({ topic }) => topic));
    for (const { topic: name } of looked) {
      const topic = this.topics.get(name);
      if (topic !== undefined && !moved.has(name)) topic.ahead = undefined;
    }
    for (const standing of standings) {
      const topic = this.topics.get(standing.topic);
      if (topic === undefined || topic.backlog !== undefined) continue;
      const now = `${topic.epoch}:${topic.offset}`;
      if (topic.isInterrupted || topic.ahead === now) this.resume([standing]);
      topic.ahead = now;
    }
  }

  dispose(): void {
    for (const topic of [...this.topics.values()]) this.remove(topic);
  }

  private interruptTopic(topic: ListenedTopic): void {
    topic.isInterrupted = true;
    topic.dropped = undefined;
    topic.backlog = undefined;
    this.deliver(topic, { type: 'interrupted' });
  }

  private add(name: string): ListenedTopic {
    const topic: ListenedTopic = {
      name,
      channel: topicChannel(this.schema, name),
      listeners: new Set(),
      isInterrupted: false,
      dropped: undefined,
      backlog: undefined,
      delivered: undefined,
      epoch: undefined,
      offset: 0,
      ahead: undefined,
    };
    this.topics.set(name, topic);
    this.used.set(topic.channel, (this.used.get(topic.channel) ?? 0) + 1);
    return topic;
  }

  private remove(topic: ListenedTopic): void {
    topic.listeners.clear();
    topic.backlog = undefined;
    if (this.topics.get(topic.name) !== topic) return;
    this.topics.delete(topic.name);
    const left = this.used.get(topic.channel)! - 1;
    this.used.set(topic.channel, left);
    if (left > 0) return;
    this.used.delete(topic.channel);
    this.channels.remove(topic.channel, this.receive);
  }

  private readonly receive = (text: string): void => {
    const message = parseAnnouncement(text);
    const topic = message === undefined ? undefined : this.topics.get(message.topic);
    if (topic !== undefined) this.take(topic, message!);
  };

  private take(topic: ListenedTopic, message: Announcement): void {
    if (topic.backlog === undefined) this.handle(topic, message);
    else topic.backlog.push(message);
  }

  private handle(topic: ListenedTopic, message: Announcement): void {
    if (topic.isInterrupted && message.type !== 'closed') {
      topic.dropped = standingAfter(message);
      return;
    }
    if (message.type === 'closed') {
      this.deliver(topic, { type: 'closed' });
      return this.remove(topic);
    }
    const announced = message.type === 'publication' ? message.publication : message.first;
    if (announced === undefined) return this.deliverEpoch(topic, message.type === 'epoch' ? message.epoch : '');
    const publication = this.complete(announced);
    if (publication === undefined) this.fetch(topic, message, announced);
    else if (message.type === 'publication') this.deliverPublication(topic, publication);
    else this.deliverEpoch(topic, publication.epoch, publication);
  }

  /** Reads the text of a publication. Messages behind it wait. */
  private fetch(topic: ListenedTopic, message: Announcement, { epoch, offset }: AnnouncedPublication): void {
    const backlog: Announcement[] = [];
    topic.backlog = backlog;
    const read = async (): Promise<void> => {
      const text = await this.reader.textOf(topic.name, epoch, offset);
      const standings = text === undefined ? await this.reader.check([{ topic: topic.name }]) : [];
      if (topic.backlog !== backlog) return;
      topic.backlog = undefined;
      if (text === undefined) this.resume(standings);
      else this.handle(topic, withTextOf(message, text));
      // One of those may have to be read as well.
      for (const next of backlog) this.take(topic, next);
    };
    const reading = read()
      .catch(() => {
        // The next look resumes the topic, or the next connection.
        if (topic.backlog === backlog) this.interruptTopic(topic);
      })
      .then((): void | Promise<void> => {
        if (topic.delivered !== reading) return topic.delivered;
        topic.delivered = undefined;
      });
    topic.delivered = reading;
  }

  private deliverPublication(topic: ListenedTopic, publication: LivePublication): void {
    const { epoch, offset } = publication;
    const isNewEpoch = topic.epoch !== undefined && topic.epoch !== epoch && offset === 1;
    // The position of `resumed` may have covered it.
    if (topic.epoch === epoch && offset <= topic.offset) return;
    // The server has forgotten the topic, and the publication created it anew.
    if (isNewEpoch) return this.deliverEpoch(topic, epoch, publication);
    topic.epoch = epoch;
    topic.offset = offset;
    this.deliver(topic, { type: 'publication', publication });
  }

  private deliverEpoch(topic: ListenedTopic, epoch: string, first?: LivePublication): void {
    topic.epoch = epoch;
    topic.offset = first?.offset ?? 0;
    this.deliver(topic, first === undefined ? { type: 'epoch', epoch } : { type: 'epoch', epoch, first });
  }

  /** Returns the publication with its text, and with the value that this node published itself. Undefined: the text is missing. */
  private complete({ text, ...rest }: AnnouncedPublication): LivePublication | undefined {
    const own = this.own(rest.id);
    if (text === undefined && own === undefined) return undefined;
    return {
      ...rest,
      ...(text === undefined ? {} : text.isDelta ? { delta: text.json } : { data: text.json }),
      ...(own === undefined ? {} : { data: own.data }),
      ...(own?.value === undefined ? {} : { value: own.value }),
    };
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

function withTextOf(message: Announcement, text: AnnouncedPublication['text']): Announcement {
  if (message.type === 'publication') return { ...message, publication: { ...message.publication, text } };
  return message.type === 'epoch' && message.first !== undefined
    ? { ...message, first: { ...message.first, text } }
    : message;
}

/**
 * The messages behind the answer of the server may arrive before the answer is used. One of another epoch may also be an
 * older one; then listeners read, and find the newest position.
 */
function newest(answered: Standing, dropped: Standing | undefined): Standing {
  if (dropped === undefined) return answered;
  const { epoch, offset } = dropped.position;
  return epoch === answered.position.epoch && offset <= answered.position.offset ? answered : dropped;
}

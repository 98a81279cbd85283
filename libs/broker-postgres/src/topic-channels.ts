import type { TopicMessage } from '@statewire/nest';
import type { TopicChannels, TopicReceiver } from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import { topicChannel } from './names.js';
import { parseAnnouncement, publicationOf, withText } from './topic-message.js';
import type { TopicReader } from './topic-reader.js';

/** A topic of which messages arrive. */
interface Subscription {
  readonly topic: string;
  readonly channel: string;
  readonly receiver: TopicReceiver;
  /** Messages behind one whose text is being read. */
  backlog: TopicMessage[] | undefined;
  /** Resolves when the backlog is empty. */
  delivered: Promise<void> | undefined;
}

/** The 16 channels that all topics share. Reads the texts of publications that are too long for a notification. */
export class PostgresTopicChannels implements TopicChannels {
  private readonly subscriptions = new Map<string, Subscription>();
  /** Topics with listeners of each channel. */
  private readonly used = new Map<string, number>();

  constructor(
    private readonly channels: Channels,
    private readonly schema: string,
    private readonly reader: Pick<TopicReader, 'textOf' | 'check'>,
  ) {}

  async add(topic: string, receiver: TopicReceiver): Promise<void> {
    const channel = topicChannel(this.schema, topic);
    if (!this.subscriptions.has(topic)) {
      this.subscriptions.set(topic, { topic, channel, receiver, backlog: undefined, delivered: undefined });
      this.used.set(channel, (this.used.get(channel) ?? 0) + 1);
    }
    return this.channels.add(channel, this.receive);
  }

  remove(topic: string): void {
    const subscription = this.subscriptions.get(topic);
    if (subscription === undefined) return;
    this.subscriptions.delete(topic);
    subscription.backlog = undefined;
    const { channel } = subscription;
    const left = this.used.get(channel)! - 1;
    this.used.set(channel, left);
    if (left > 0) return;
    this.used.delete(channel);
    this.channels.remove(channel, this.receive);
  }

  /** The connection was lost. What is being read counts as missed. */
  onLost(): void {
    for (const subscription of this.subscriptions.values()) subscription.backlog = undefined;
  }

  /** Whether messages of a topic wait for a text. */
  isReading(topic: string): boolean {
    return this.subscriptions.get(topic)?.backlog !== undefined;
  }

  /** Resolves when the listeners of a topic have received the messages that have arrived. */
  whenDelivered(topic: string): Promise<void> | undefined {
    return this.subscriptions.get(topic)?.delivered;
  }

  private readonly receive = (text: string): void => {
    const announcement = parseAnnouncement(text);
    const subscription = announcement && this.subscriptions.get(announcement.topic);
    if (subscription !== undefined) this.take(subscription, announcement!.message);
  };

  private take(subscription: Subscription, message: TopicMessage): void {
    if (subscription.backlog === undefined) this.handle(subscription, message);
    else subscription.backlog.push(message);
  }

  private handle(subscription: Subscription, message: TopicMessage): void {
    const { position } = subscription.receiver;
    // The position of `resumed` may have covered it.
    if (message.type === 'publication' && position?.epoch === message.publication.epoch) {
      if (message.publication.offset <= position.offset) return;
    }
    if (!subscription.receiver.receive(message)) this.fetch(subscription, message);
  }

  /** Reads the text of a publication. Messages behind it wait. */
  private fetch(subscription: Subscription, message: TopicMessage): void {
    const { topic, receiver } = subscription;
    const { epoch, offset } = publicationOf(message)!;
    const backlog: TopicMessage[] = [];
    subscription.backlog = backlog;
    const read = async (): Promise<void> => {
      const text = await this.reader.textOf(topic, epoch, offset);
      const standings = text === undefined ? await this.reader.check([{ topic }]) : [];
      if (subscription.backlog !== backlog) return;
      subscription.backlog = undefined;
      if (text !== undefined) this.handle(subscription, withText(message, text));
      for (const standing of standings) receiver.resume(standing);
      // One of those may have to be read as well.
      for (const next of backlog) this.take(subscription, next);
    };
    const reading = read()
      .catch(() => {
        // The next look resumes the topic, or the next connection.
        if (subscription.backlog !== backlog) return;
        subscription.backlog = undefined;
        receiver.interrupt();
      })
      .then((): void | Promise<void> => {
        if (subscription.delivered !== reading) return subscription.delivered;
        subscription.delivered = undefined;
      });
    subscription.delivered = reading;
  }
}

import type { TopicChannels, TopicReceiver } from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import { parseTopicMessage } from './topic-message.js';

/** The channels of topics in Redis, one for each. */
export class RedisTopicChannels implements TopicChannels {
  private readonly handlers = new Map<string, (text: string) => void>();

  constructor(
    private readonly channels: Channels,
    private readonly keys: Keys,
  ) {}

  async add(topic: string, receiver: TopicReceiver): Promise<void> {
    const handler = this.handlers.get(topic) ?? handlerOf(receiver);
    this.handlers.set(topic, handler);
    const { partition, channel } = this.keys.topic(topic);
    return this.channels.add(partition, channel, handler);
  }

  remove(topic: string): void {
    const handler = this.handlers.get(topic);
    this.handlers.delete(topic);
    if (handler !== undefined) this.channels.remove(this.keys.topic(topic).channel, handler);
  }
}

function handlerOf(receiver: TopicReceiver): (text: string) => void {
  return (text) => {
    const message = parseTopicMessage(text);
    if (message !== undefined) receiver.receive(message);
  };
}

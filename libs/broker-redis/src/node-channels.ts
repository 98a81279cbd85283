import type { NodeMessenger } from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';

/** Passes messages over one channel for each node. */
export class RedisNodeChannels implements NodeMessenger {
  constructor(
    private readonly link: Pick<RedisLink, 'send'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
  ) {}

  async sendOnce(node: string, text: string): Promise<boolean> {
    const { partition, channel } = this.keys.node(node);
    return (await this.link.send(partition, ['SPUBLISH', channel, text])) !== 0;
  }

  async send(node: string, text: string): Promise<void> {
    await this.sendOnce(node, text);
  }

  /** Passes the messages to a node on, from the first connection. */
  listen(node: string, receive: (text: string) => void): void {
    const { partition, channel } = this.keys.node(node);
    this.channels.add(partition, channel, receive).catch(() => undefined);
  }
}

import { ConnectionLostError } from '@statewire/nest/broker';

import type { PostgresConnection } from './connection.js';

type Handler = (message: string) => void;

interface Channel {
  readonly handlers: Set<Handler>;
  /** Resolves when the server has confirmed the subscription on the current connection. */
  confirmed: Promise<void>;
}

/** The notification channels that this node listens on. They outlive a connection. */
export class Channels {
  private readonly channels = new Map<string, Channel>();
  private connection: PostgresConnection | undefined;

  /** Passes a message of the server to the handlers of its channel. */
  receive(name: string, message: string): void {
    const channel = this.channels.get(name);
    for (const handler of [...(channel?.handlers ?? [])]) {
      if (channel!.handlers.has(handler)) handler(message);
    }
  }

  /**
   * Adds a handler at once. Resolves when each later message is certain to reach it. If the connection ends before, the
   * promise rejects, but the handler stays until it is removed.
   */
  async add(name: string, handler: Handler): Promise<void> {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = { handlers: new Set(), confirmed: this.listen(name) };
      this.channels.set(name, channel);
    }
    channel.handlers.add(handler);
    return channel.confirmed;
  }

  /** Removes a handler at once. The last one ends the subscription. */
  remove(name: string, handler: Handler): void {
    const channel = this.channels.get(name);
    if (channel === undefined || !channel.handlers.delete(handler) || channel.handlers.size > 0) return;
    this.channels.delete(name);
    // The server runs statements in order, so a later subscription is not undone.
    this.connection?.query({ text: `unlisten ${quoted(name)}` }).catch(() => undefined);
  }

  /** Listens on all channels on a new connection. */
  async resubscribe(connection: PostgresConnection): Promise<void> {
    this.connection = connection;
    for (const [name, channel] of this.channels) channel.confirmed = this.listen(name);
    await Promise.all([...this.channels.values()].map(({ confirmed }) => confirmed));
  }

  private async listen(name: string): Promise<void> {
    const confirmed =
      this.connection?.query({ text: `listen ${quoted(name)}` }) ??
      Promise.reject(new ConnectionLostError('not connected'));
    // Each user handles the rejection; there may be none.
    confirmed.catch(() => undefined);
    await confirmed;
  }
}

/** Names of channels have no quotes of their own. */
function quoted(name: string): string {
  return `"${name}"`;
}
